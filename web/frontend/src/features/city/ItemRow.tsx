import { memo, type KeyboardEvent } from 'react';
import { useText } from '@/i18n/useText';
import type { Ref } from '@/map/geojson';
import { FreshnessMark } from '@/ui/FreshnessMark';
import { KindBadge } from '@/ui/KindBadge';
import { Simulated } from '@/ui/StateTag';
import type { Item } from './items';
import { unitOf } from './units';

interface Props {
  item: Item;
  now: number;
  selected: boolean;
  arrived: boolean;
  onSelect: (ref: Ref) => void;
  onKey: (event: KeyboardEvent<HTMLElement>) => void;
  onHover: (item: Item | null) => void;
}

/** One thing of the city: what, where, how fresh, how old, and whose word it is. */
export const ItemRow = memo(function ItemRow(props: Props) {
  const { item, now, selected, arrived, onSelect, onKey, onHover } = props;
  const { t, age, count } = useText();
  // Whose word it is; of made-up data, which the tag beside it says, the feed's name tells more.
  const { source } = item;
  const credit = source
    ? (!source.simulated && source.attribution) || source.name
    : t('item.residents');
  return (
    <li
      className={arrived ? 'arrive' : undefined}
      style={{ contentVisibility: 'auto', containIntrinsicSize: 'auto 57px' }}
    >
      <button
        type="button"
        data-ref={item.ref}
        aria-current={selected || undefined}
        onClick={() => onSelect(item.ref)}
        onKeyDown={onKey}
        onMouseEnter={() => onHover(item)}
        onMouseLeave={() => onHover(null)}
        onFocus={() => onHover(item)}
        onBlur={() => onHover(null)}
        className="flex w-full items-center gap-3 border-b border-line px-4 py-2 text-left hover:bg-bg focus-visible:-outline-offset-2 aria-[current]:bg-bg"
      >
        <KindBadge kind={item.kind} />
        <span className="min-w-0 flex-1">
          <span className="flex items-baseline gap-2">
            <span className="truncate font-medium">{item.title}</span>
            {item.place && (
              <span className="min-w-[4ch] flex-1 truncate text-xs text-muted">{item.place}</span>
            )}
          </span>
          <span className="flex items-center gap-1.5 text-xs text-muted">
            <FreshnessMark freshness={item.freshness} />
            <time dateTime={item.at} className="shrink-0 tnum">
              {age(item.at, now)}
            </time>
            <span className="sr-only">{t(`kind.${item.kind}` as 'kind.report')}</span>
            <span className="truncate" title={item.source?.name}>
              {credit}
            </span>
            {item.source?.simulated && (
              <Simulated word={t('item.simulated')} hint={t('item.simulatedMeans')} />
            )}
          </span>
        </span>
        {item.value && (
          <span className="text-right text-lg leading-5 tnum">
            {count(item.value.result)}
            <span className="block text-xs leading-4 text-muted">{unitOf(t, item.value.of)}</span>
          </span>
        )}
      </button>
    </li>
  );
});
