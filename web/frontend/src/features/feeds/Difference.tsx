import { useText } from '@/i18n/useText';
import { Table, type Column } from '@/ui/Table';
import { readDifference, type NounCounts, type Sample } from './difference';

interface Props {
  difference: Record<string, unknown>;
  /** Which run's: a page can show several. */
  of?: string;
}

/** What a run changed, or would have changed: how much of what, then the first of each. */
export function Difference({ difference, of }: Props) {
  const { t, count } = useText();
  const { runs, unread, nouns, rejected, samples } = readDifference(difference);
  const number = (key: 'new' | 'changed' | 'removed' | 'same'): Column<NounCounts> => ({
    key,
    head: t(`difference.${key}`),
    align: 'right',
    cell: (row) => count(row[key]),
  });
  const columns: Column<NounCounts>[] = [
    { key: 'noun', head: t('difference.noun'), cell: (row) => nounWord(row.noun) },
    ...(['new', 'changed', 'removed', 'same'] as const).map(number),
  ];
  return (
    <div data-testid="difference" className="space-y-3 rounded-md border border-line py-2">
      <p className="px-4 text-muted tnum">
        {t('difference.runs', { count: runs })}{' '}
        {unread > 0 && t('difference.unread', { count: unread })}
      </p>
      {nouns.length === 0 ? (
        <p className="px-4 font-medium">{t('difference.none')}</p>
      ) : (
        <Table
          label={[t('difference.title'), of].filter(Boolean).join(' ')}
          columns={columns}
          rows={nouns}
          id={(row) => row.noun}
        />
      )}
      {rejected.length > 0 && (
        <p className="px-4 text-xs">
          {t('runs.rejected')}: {rejected.map(([why, n]) => `${why} ${count(n)}`).join(' · ')}
        </p>
      )}
      {samples.map(([what, list]) => (
        <details key={what} className="px-4">
          <summary className="min-h-6">
            {t(`difference.first.${what}`, { count: list.length })}
          </summary>
          <ul className="mt-1 divide-y divide-line">
            {list.map((one) => (
              <li key={one.noun + one.external_id} className="py-1.5">
                <OneSample sample={one} />
              </li>
            ))}
          </ul>
        </details>
      ))}
    </div>
  );
}

function OneSample({ sample }: { sample: Sample }) {
  const { t } = useText();
  return (
    <>
      <span className="font-mono text-xs break-all">{sample.external_id}</span>{' '}
      <span className="text-xs text-muted">{sample.kind ?? nounWord(sample.noun)}</span>
      {sample.fields.length > 0 && (
        <dl className="mt-1 grid grid-cols-[auto_1fr] gap-x-3 text-xs">
          {sample.fields.map(([name, before, after]) => (
            <div key={name} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className="min-w-0 break-words">
                <del className="text-muted">{before}</del>
                <span className="sr-only"> {t('difference.becomes')}</span>{' '}
                <ins className="no-underline">{after}</ins>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

/** The model's own names, as the API writes them. */
function nounWord(noun: string): string {
  return noun.replaceAll('_', ' ');
}
