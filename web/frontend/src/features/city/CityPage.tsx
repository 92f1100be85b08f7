import { lazy, Suspense, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Link } from 'wouter';
import { useCitySlug } from '@/app/useCitySlug';
import { useTheme } from '@/app/theme';
import { useUrlState } from '@/app/urlState';
import { isNew } from '@/features/feeds/rules';
import { withWords } from '@/i18n';
import { useText } from '@/i18n/useText';
import { KEPT, KEPT_VEHICLES } from '@/live/apply';
import type { Ref } from '@/map/geojson';
import { LazyCityMap } from '@/map/MapBoundary';
import { Button, buttonClass } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { Empty, Notice, SkeletonRows } from '@/ui/Notice';
import { useTitle } from '@/ui/Page';
import { useEvent } from '@/ui/useEvent';
import { AgeNotice } from './AgeNotice';
import { Filters } from './Filters';
import { ItemList } from './ItemList';
import { thingItem, told, vehicleItem, type Item } from './items';
import {
  useAreas,
  useBasemap,
  useCity,
  useDepartures,
  useFeatures,
  useFeeds,
  usePulse,
  useReports,
  useThings,
  useTrail,
  useVehicles,
} from './queries';
import { SearchProgress } from './SearchProgress';
import { selectedVehicle, shownOnMap, unlistedThing, withTrail } from './selection';
import { Tiles } from './Tiles';
import { useList } from './useList';

const Detail = lazy(withWords(() => import('./Detail')));

type View = 'now' | 'vehicles' | 'stations';
const VIEWS: View[] = ['now', 'vehicles', 'stations'];
const NONE: never[] = [];

/** The city now: a list that says everything, and a map that shows where. */
export default function CityPage() {
  const { t, count } = useText();
  const slug = useCitySlug();
  const { params, set } = useUrlState();
  const [hovered, setHovered] = useState<Item | null>(null);
  const theme = useTheme();

  const city = useCity(slug);
  const areas = useAreas(slug);
  const basemap = useBasemap(city.data?.basemap);
  const features = useFeatures(slug);
  const reports = useReports(slug);
  const vehicles = useVehicles(slug);
  const things = useThings(slug);
  const pulse = usePulse(slug);
  const feeds = useFeeds(slug);
  useTitle(city.data?.name ?? t('city.title'));

  const view = VIEWS.find((one) => one === params.get('view')) ?? 'now';
  const list = useList(slug, params, features.data ?? NONE, reports.data ?? NONE);
  const selected = params.get('sel') as Ref | null;
  useMapInView(selected !== null);
  // One for good: with another each time, every row would be drawn anew whenever a vehicle moves.
  const select = useEvent((ref: Ref) => set({ sel: ref }, 'push'));
  useFocusBack(selected);
  const observed = things.data ?? (things.isError ? NONE : undefined);
  const stop = useDepartures(unlistedThing(selected, observed)).data?.thing;
  const trail = useTrail(selectedVehicle(selected, vehicles.data)).data;
  const place = useMemo(
    () =>
      shownOnMap(selected, features.data, reports.data, vehicles.data, stop ? [stop] : things.data),
    [selected, features.data, reports.data, vehicles.data, things.data, stop],
  );
  const shown = useMemo(() => withTrail(place, trail), [place, trail]);
  const onMap = useMemo(
    () => ({
      features: list.features.filter((f) => list.refs.has(`feature:${f.id}`)),
      reports: (reports.data ?? NONE).filter((r) => list.refs.has(`report:${r.id}`)),
    }),
    [list, reports.data],
  );
  const items = useMemo((): Item[] => {
    if (view === 'vehicles') return (vehicles.data ?? NONE).map(vehicleItem).sort(byTitle);
    if (view === 'stations') return (things.data ?? NONE).map(thingItem).sort(byTitle);
    return list.items;
  }, [view, vehicles.data, things.data, list.items]);
  const query = { now: features, vehicles, stations: things }[view];
  const reading = feeds.data?.some(isNew) ?? feeds.isPending;
  const counted = (all: unknown[] | undefined, more = isFull(all, KEPT)) =>
    told(all?.length, { more, reading }, count);

  return (
    <div className="md:grid md:h-full md:grid-cols-[380px_minmax(0,1fr)]">
      <div className="relative z-10 order-2 mt-[calc(45dvh-12px)] rounded-t-xl border-r border-line bg-surface md:order-1 md:mt-0 md:h-full md:min-h-0 md:overflow-hidden md:rounded-none">
        <h1 className="sr-only">{t('city.heading', { city: city.data?.name ?? '' })}</h1>
        <span className="mx-auto block h-1 w-9 translate-y-1.5 rounded-full bg-control md:hidden" />
        <div
          className="pt-3 md:h-full md:overflow-y-auto md:pt-0"
          inert={selected !== null || undefined}
        >
          <AgeNotice at={features.dataUpdatedAt} zone={city.data?.timezone} />
          <Tiles tiles={pulse.data?.tiles ?? (pulse.isError ? [] : undefined)} />
          <Tabs
            view={view}
            counts={{
              now: counted(features.data && list.items, list.isCut),
              vehicles: counted(vehicles.data, isFull(vehicles.data, KEPT_VEHICLES)),
              stations: counted(things.data),
            }}
            onChange={(next) => set({ view: next === 'now' ? null : next })}
          />
          {view === 'now' && (
            <Filters
              counts={list.counts}
              more={list.more}
              reading={{ features: reading || !features.data, reports: !reports.data }}
            />
          )}
          {query.isError && !query.data ? (
            <div className="p-4">
              <Notice
                tone="bad"
                alert
                action={
                  <Button small onClick={() => void query.refetch()}>
                    {t('error.again')}
                  </Button>
                }
              >
                {t('error.list')}{' '}
                <span className="block text-xs text-muted">{query.error.message}</span>
              </Notice>
            </div>
          ) : query.isPending ? (
            <SkeletonRows label={t('list.loading')} />
          ) : (
            <ItemList
              title={t(`views.${view}`)}
              items={items}
              isCut={view === 'now' && list.isCut}
              filterKey={`${slug}/${view}/${params.get('kinds') ?? ''}/${params.get('since') ?? ''}/${params.get('closed') ?? ''}/${params.get('q') ?? ''}`}
              selected={selected}
              onSelect={select}
              onHover={setHovered}
              empty={
                <NothingHere
                  reading={reading}
                  searching={list.search.searched !== null}
                  filtered={list.filtered}
                  onWiden={() => set({ kinds: null, since: null, q: null, closed: null })}
                />
              }
            />
          )}
          {view === 'now' && <SearchProgress {...list.search} />}
        </div>
        {selected && city.data && (
          <Suspense fallback={null}>
            <Detail
              refId={selected}
              city={city.data}
              features={features.data ?? NONE}
              vehicles={vehicles.data ?? NONE}
              things={observed}
              onSelect={select}
              onClose={() => set({ sel: null }, 'push')}
            />
          </Suspense>
        )}
      </div>
      <div className="fixed inset-x-0 top-13 h-[45dvh] bg-water md:relative md:top-0 md:order-2 md:h-full">
        {city.data && areas.data && basemap.data !== undefined && (
          <LazyCityMap
            city={city.data}
            areas={areas.data.features}
            basemap={basemap.data}
            theme={theme}
            features={onMap.features}
            reports={onMap.reports}
            vehicles={vehicles.data ?? NONE}
            things={things.data ?? NONE}
            selected={shown}
            hovered={
              hovered?.lon != null && hovered.lat != null
                ? { lon: hovered.lon, lat: hovered.lat, kind: hovered.kind }
                : null
            }
            onSelect={select}
            fallback={<NoMap />}
          />
        )}
      </div>
      {!selected && (
        <Link
          href="/report"
          className={`${buttonClass('primary')} fixed right-4 bottom-4 z-20 shadow-lg md:hidden`}
        >
          <Icon name="plus" /> {t('nav.report')}
        </Link>
      )}
    </div>
  );
}

/** On a phone the list lies over the map: while an item is open the map is shown, then the place kept. */
function useMapInView(open: boolean): void {
  useLayoutEffect(() => {
    if (!open || window.scrollY === 0) return;
    const before = window.scrollY;
    window.scrollTo(0, 0);
    return () => window.scrollTo(0, before);
  }, [open]);
}

/** Go back to the row that was opened, once the list can be reached again. */
function useFocusBack(selected: Ref | null): void {
  const opened = useRef<Ref | null>(null);
  useEffect(() => {
    // From one item another may be opened that stands in no list.
    if (selected) opened.current ??= selected;
    else if (opened.current) {
      const row = `[data-ref="${CSS.escape(opened.current)}"]`;
      document.querySelector<HTMLElement>(row)?.focus();
      opened.current = null;
    }
  }, [selected]);
}

/** Whether there may be more than what is loaded. */
function isFull(all: unknown[] | undefined, most: number): boolean {
  return (all?.length ?? 0) >= most;
}

/** One for all: `localeCompare` makes a new one for each pair, and there may be thousands of vehicles. */
const TITLES = new Intl.Collator(undefined, { numeric: true });

function byTitle(a: Item, b: Item): number {
  return TITLES.compare(a.title, b.title);
}

interface TabsProps {
  view: View;
  counts: Record<View, string>;
  onChange: (view: View) => void;
}

function Tabs({ view, counts, onChange }: TabsProps) {
  const { t } = useText();
  return (
    <div
      role="group"
      aria-label={t('views.label')}
      className="flex flex-wrap gap-x-3 border-b border-line px-4"
    >
      {VIEWS.map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={view === one}
          onClick={() => onChange(one)}
          className={`-mb-px min-h-11 border-b-2 text-[13px] whitespace-nowrap ${
            view === one
              ? 'border-accent font-semibold'
              : 'border-transparent text-muted hover:text-ink forced-colors:border-[Canvas]'
          }`}
        >
          {t(`views.${one}`)}{' '}
          <span className="text-xs font-normal text-muted tnum">{counts[one]}</span>
        </button>
      ))}
    </div>
  );
}

interface NothingProps {
  reading: boolean;
  searching: boolean;
  filtered: boolean;
  onWiden: () => void;
}

function NothingHere({ reading, searching, filtered, onWiden }: NothingProps) {
  const { t } = useText();
  if (searching) return <Empty title={t('list.noneYet')} />;
  if (reading) return <Empty title={t('list.reading')}>{t('list.emptyHint')}</Empty>;
  return (
    <Empty title={t(filtered ? 'list.noMatch' : 'list.empty')}>
      {filtered ? (
        <Button small className="mt-2" onClick={onWiden}>
          {t('list.widen')}
        </Button>
      ) : (
        t('list.emptyHint')
      )}
    </Empty>
  );
}

function NoMap() {
  const { t } = useText();
  return (
    <div className="grid h-full place-items-center p-6">
      <div className="max-w-sm">
        <Notice tone="warn">{t('map.failed')}</Notice>
      </div>
    </div>
  );
}
