import { useEffect, useRef, useState, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { useNow, useText } from '@/i18n/useText';
import type { Ref } from '@/map/geojson';
import { walk } from '@/ui/walk';
import { useHeld } from './held';
import { ItemRow } from './ItemRow';
import { told, type Item } from './items';

/** The most rows shown; the map and the filters reach the rest. */
const ROWS = 200;

interface Props {
  title: string;
  items: Item[];
  /** There may be more than these. */
  isCut?: boolean;
  filterKey: string;
  selected: string | null;
  empty: ReactNode;
  onSelect: (ref: Ref) => void;
  onHover: (item: Item | null) => void;
}

export function ItemList(props: Props) {
  const { title, items, isCut = false, filterKey, selected, empty, onSelect, onHover } = props;
  const { t, count } = useText();
  const now = useNow();
  const top = useRef<HTMLDivElement>(null);
  const rows = useRef<HTMLUListElement>(null);
  const atTop = useSeen(top);
  const { shown, waiting, release } = useHeld(items, atTop, filterKey);
  const arrived = useArrivals(items, filterKey);

  const showNew = () => {
    flushSync(release);
    top.current?.scrollIntoView({ block: 'start' });
    // The button is gone with what it was there for.
    rows.current?.querySelector<HTMLElement>('[data-ref]')?.focus({ preventScroll: true });
  };
  return (
    <section aria-label={title} data-list="read">
      <div ref={top} className="h-px scroll-mt-16" />
      <div role="status" className="sr-only">
        {waiting > 0 ? t('list.new', { count: waiting }) : ''}
      </div>
      {waiting > 0 && (
        <div className="sticky top-14 z-10 flex h-0 justify-center md:top-2">
          <button
            type="button"
            onClick={showNew}
            className="h-8 rounded-full bg-accent px-4 text-xs font-semibold text-onaccent shadow-md"
          >
            <span aria-hidden="true">↑ </span>
            {t('list.new', { count: waiting })}
          </button>
        </div>
      )}
      {shown.length === 0 && empty}
      <ul ref={rows}>
        {shown.slice(0, ROWS).map((item) => (
          <ItemRow
            key={item.ref}
            item={item}
            now={now}
            selected={item.ref === selected}
            arrived={arrived.has(item.ref)}
            onSelect={onSelect}
            onKey={walk}
            onHover={onHover}
          />
        ))}
      </ul>
      {shown.length > ROWS && (
        <p className="px-4 py-4 text-center text-xs text-muted">
          {t('list.capped', {
            shown: count(ROWS),
            all: told(shown.length, { more: isCut, reading: false }, count),
          })}
        </p>
      )}
    </section>
  );
}

/** Is the element in view? */
function useSeen(element: React.RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(true);
  useEffect(() => {
    if (!element.current || typeof IntersectionObserver === 'undefined') return;
    const observer = new IntersectionObserver(([entry]) => setSeen(entry?.isIntersecting ?? true), {
      rootMargin: '-52px 0px 0px 0px',
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return seen;
}

/** What came after the list was first shown: tinted once. */
function useArrivals(items: Item[], filterKey: string): Set<string> {
  const [known, setKnown] = useState<{ key: string; refs: Set<string>; fresh: Set<string> } | null>(
    null,
  );
  const ready = items.length > 0;
  if (ready && known?.key !== filterKey) {
    setKnown({ key: filterKey, refs: new Set(items.map((item) => item.ref)), fresh: new Set() });
  } else if (ready && known) {
    const fresh = items.filter((item) => !known.refs.has(item.ref)).map((item) => item.ref);
    if (fresh.length > 0) {
      setKnown({
        key: filterKey,
        refs: new Set([...known.refs, ...fresh]),
        fresh: new Set([...known.fresh, ...fresh]),
      });
    }
  }
  return known?.fresh ?? new Set();
}
