import { useText } from '@/i18n/useText';
import { readDifference } from './rules';

/** What a run changed, or would have changed. */
export function Difference({ difference }: { difference: Record<string, unknown> }) {
  const { t, count } = useText();
  const { counts, rest } = readDifference(difference);
  return (
    <section aria-label={t('difference.title')} data-testid="difference" className="space-y-3">
      <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-md border border-line bg-line sm:grid-cols-4">
        {counts.map(([name, value]) => (
          <div key={name} className="bg-surface px-3 py-2">
            <dt className="text-xs text-muted">{name.replaceAll('_', ' ')}</dt>
            <dd className="text-lg font-semibold tnum">{count(value)}</dd>
          </div>
        ))}
      </dl>
      {rest.map(([name, value]) => (
        <details key={name} className="rounded-md border border-line px-3 py-2">
          <summary>{name.replaceAll('_', ' ')}</summary>
          <pre className="mt-2 max-h-72 overflow-auto font-mono text-xs whitespace-pre-wrap">
            {JSON.stringify(value, null, 2)}
          </pre>
        </details>
      ))}
    </section>
  );
}
