import { useEffect, useState } from 'react';
import { useUrlState } from '@/app/urlState';
import { useText } from '@/i18n/useText';
import { Chip } from '@/ui/Chip';
import { Icon } from '@/ui/Icon';
import { ITEM_KINDS, type ItemKind } from '@/ui/kinds';
import { told, type Filter } from './items';

export const HOURS = [1, 24, 168] as const;
const SEARCH_WAIT_MS = 250;

/** The filter that the address says. */
export function readFilter(params: URLSearchParams): Filter {
  const kinds = (params.get('kinds') ?? '').split(',').filter(Boolean) as ItemKind[];
  const since = /^-(\d+)h$/.exec(params.get('since') ?? '')?.[1];
  return {
    kinds: new Set(kinds.filter((kind) => ITEM_KINDS.includes(kind))),
    hours: since ? Number(since) : null,
    closed: params.get('closed') === '1',
  };
}

interface Props {
  counts: Map<ItemKind, number>;
  /** The kinds of which there may be more than is counted. */
  more: Set<ItemKind>;
  /** What is still being read: then no count is no zero. */
  reading: { features: boolean; reports: boolean };
}

export function Filters({ counts, more, reading }: Props) {
  const { t, count } = useText();
  const { params, set } = useUrlState();
  const { kinds, hours, closed } = readFilter(params);

  const toggle = (kind: ItemKind) => {
    const next = new Set(kinds);
    if (!next.delete(kind)) next.add(kind);
    set({ kinds: ITEM_KINDS.filter((one) => next.has(one)).join(',') });
  };
  return (
    <div className="space-y-2.5 px-4 py-3">
      <div className="flex gap-2">
        <SearchBox value={params.get('q') ?? ''} onChange={(q) => set({ q })} />
        <label className="shrink-0">
          <span className="sr-only">{t('filters.since')}</span>
          <select
            value={hours ?? ''}
            onChange={(event) =>
              set({ since: event.target.value ? `-${event.target.value}h` : null })
            }
            className="h-9 rounded-md border border-control bg-surface px-2 text-sm"
          >
            <option value="">{t('filters.anyTime')}</option>
            {HOURS.map((h) => (
              <option key={h} value={h}>
                {t(`filters.last${h}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div role="group" aria-label={t('filters.kinds')} className="flex flex-wrap gap-1.5">
        {ITEM_KINDS.map((kind) => (
          <Chip
            key={kind}
            kind={kind}
            label={t(`kinds.${kind}`)}
            count={told(
              counts.get(kind) ?? 0,
              {
                more: more.has(kind),
                reading: kind === 'report' ? reading.reports : reading.features,
              },
              count,
            )}
            pressed={kinds.has(kind)}
            onToggle={() => toggle(kind)}
          />
        ))}
        <label className="inline-flex min-h-7 items-center gap-1.5 px-1 text-xs text-muted">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={closed}
            onChange={(event) => set({ closed: event.target.checked ? '1' : null })}
          />
          {t('filters.closed')}
        </label>
      </div>
    </div>
  );
}

function SearchBox({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { t } = useText();
  const [typed, setTyped] = useState(value);
  const [told, setTold] = useState(value);
  // Back and Forward change the address: the box follows.
  if (value !== told) {
    setTold(value);
    setTyped(value);
  }
  useEffect(() => {
    if (typed === told) return;
    const timer = window.setTimeout(() => {
      setTold(typed);
      onChange(typed);
    }, SEARCH_WAIT_MS);
    return () => window.clearTimeout(timer);
  }, [typed, told, onChange]);
  return (
    <label className="relative min-w-0 flex-1">
      <span className="sr-only">{t('filters.search')}</span>
      <Icon name="search" size={16} className="absolute top-2.5 left-2.5 text-muted" />
      <input
        type="search"
        value={typed}
        placeholder={t('filters.search')}
        onChange={(event) => setTyped(event.target.value)}
        className="h-9 w-full rounded-md border border-control bg-surface pr-2 pl-8 text-sm placeholder:text-muted"
      />
    </label>
  );
}
