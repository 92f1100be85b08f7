import { useText } from '@/i18n/useText';
import type { FeedKind } from './kinds';
import { useKindOptions } from './queries';

/** What feeds of a kind may be told, as the API judges it; the words are the API's, in English. */
export function KindOptions({ kind }: { kind: FeedKind }) {
  const { t } = useText();
  const { data: options } = useKindOptions(kind);
  if (!options) return null;
  return (
    <details className="text-sm">
      <summary>{t('feedForm.whichOptions')}</summary>
      <dl lang="en" className="mt-2 space-y-2 border-l-2 border-line pl-3">
        {options.map(({ name, allowed, meaning, ...option }) => (
          <div key={name}>
            <dt className="font-mono text-xs">{name}</dt>
            <dd className="text-muted">
              {meaning} {capital(allowed)}
              {typeof option.default === 'object' ? '.' : ` (${String(option.default)}).`}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
