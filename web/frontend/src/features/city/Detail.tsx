import { lazy, Suspense, useLayoutEffect, useRef } from 'react';
import { Link } from 'wouter';
import { ApiError } from '@/api/problem';
import type { City, Feature, Report, Thing, Vehicle } from '@/api/types';
import { useText } from '@/i18n/useText';
import type { Ref } from '@/map/geojson';
import { IconButton } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { useEvent } from '@/ui/useEvent';
import { Notice } from '@/ui/Notice';
import { SourceLine, Timing } from '@/ui/Timing';
import { Facts } from '@/ui/Table';
import { Photos } from '@/features/reports/Photos';
import { StatusHistory } from '@/features/reports/StatusHistory';
import { useCategoryName, useReport } from '@/features/reports/queries';
import { Gone, Head, Line, Part, plainProperties, Waiting } from './DetailParts';
import { vehicleTitle } from './items';
import { useFeature } from './queries';
import { StopDetail } from './StopDetail';
import { TripPart } from './TripPart';
import { runsTrips } from './trips';
import { humanWords, propertyWords, unitOf } from './units';
import { safeUrl } from '@/ui/safeUrl';

const History = lazy(() => import('./History'));

interface Props {
  refId: Ref;
  city: City;
  features: Feature[];
  vehicles: Vehicle[];
  /** Absent until they were read. */
  things?: Thing[];
  onSelect: (ref: Ref) => void;
  onClose: () => void;
}

/** Everything known about one item; opens over the list, never over the map. */
export default function Detail(props: Props) {
  const { refId, city, features, vehicles, things, onSelect, onClose } = props;
  const { t } = useText();
  const [noun, id] = split(refId);
  const panel = useRef<HTMLElement>(null);
  const close = useEvent(onClose);
  // Before it is seen: whoever sees it may press Escape at once.
  useLayoutEffect(() => panel.current?.focus({ preventScroll: true }), [refId]);
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && close();
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [close]);
  return (
    <aside
      ref={panel}
      tabIndex={-1}
      aria-label={t('detail.title')}
      className="fixed inset-x-0 bottom-0 z-30 max-h-[64dvh] scroll-pt-16 overflow-y-auto rounded-t-xl border-t border-line bg-surface shadow-[0_-6px_24px_rgb(0_0_0/0.18)] outline-none md:absolute md:inset-0 md:max-h-none md:rounded-none md:border-0 md:shadow-none"
    >
      <div className="sticky top-0 z-10 border-b border-line bg-surface">
        <span className="mx-auto mt-1.5 block h-1 w-9 rounded-full bg-control md:hidden" />
        <div className="flex items-center justify-between px-2 py-1.5">
          <button
            type="button"
            onClick={onClose}
            className="inline-flex min-h-9 items-center gap-1 rounded-md pr-3 pl-1.5 text-muted hover:text-ink"
          >
            <Icon name="back" size={16} /> {t('detail.back')}
          </button>
          <IconButton icon="close" label={t('detail.close')} onClick={onClose} />
        </div>
      </div>
      <div className="px-4 pt-4 pb-8">
        {noun === 'feature' && (
          <FeatureDetail id={id} known={features.find((one) => one.id === id)} city={city} />
        )}
        {noun === 'report' && <ReportDetail id={id} city={city} />}
        {noun === 'vehicle' && (
          <VehicleDetail
            vehicle={vehicles.find((one) => one.id === id)}
            city={city}
            onSelect={onSelect}
          />
        )}
        {noun === 'thing' && <ThingOrStop id={id} things={things} city={city} />}
      </div>
    </aside>
  );
}

function split(ref: string): [noun: string, id: string] {
  const at = ref.indexOf(':');
  return [ref.slice(0, at), ref.slice(at + 1)];
}

/** Fields that hold codes, where others hold the publisher's own text. */
const CODED = ['status', 'severity', 'category'];

function FeatureDetail({ id, known, city }: { id: string; known?: Feature; city: City }) {
  const { t, moment } = useText();
  const { data, error } = useFeature(id);
  const feature = known && data && known.version < data.version ? data : (known ?? data);
  if (!feature) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 410))
      return <Gone />;
    return error ? <Notice tone="bad">{error.message}</Notice> : <Waiting />;
  }
  const zone = city.timezone;
  const show = (field: string, value: unknown): string => {
    if (value === null || value === undefined) return '–';
    if (typeof value === 'object') return JSON.stringify(value).slice(0, 60);
    if (field.endsWith('_at')) return moment(String(value), zone);
    return CODED.includes(field) ? (humanWords(t, String(value)) ?? '') : String(value);
  };
  return (
    <article>
      <Head kind={feature.kind} title={feature.title} freshness={feature.freshness} />
      {feature.description && (
        <p className="mt-3 leading-[21px] break-words whitespace-pre-line">{feature.description}</p>
      )}
      <div className="mt-4">
        <Facts
          facts={[
            [t('detail.status'), humanWords(t, feature.status)],
            [t('detail.severity'), humanWords(t, feature.severity)],
            [t('detail.category'), humanWords(t, feature.category)],
            [t('detail.address'), feature.address],
            [t('detail.starts'), feature.starts_at && moment(feature.starts_at, zone)],
            [t('detail.ends'), feature.ends_at && moment(feature.ends_at, zone)],
            ...plainProperties(t, feature.properties, [feature.status, feature.category]),
          ]}
        />
        {safeUrl(feature.url) && (
          <a
            href={safeUrl(feature.url)}
            target="_blank"
            rel="noopener noreferrer"
            className="mt-3 inline-flex items-center gap-1 text-accent underline underline-offset-2"
          >
            {t('detail.publisherPage')} <Icon name="link" size={14} />
          </a>
        )}
      </div>
      <Part title={t('detail.source')}>
        <SourceLine source={feature.source} />
      </Part>
      <Part title={t('detail.times')}>
        <Timing times={feature.times} zone={zone} />
      </Part>
      {data && data.versions.length > 0 && (
        <Part title={t('detail.changes')}>
          <ol className="space-y-2">
            {[...data.versions].reverse().map((version) => (
              <li key={version.version} className="border-l-2 border-line pl-3">
                <span className="text-xs text-muted tnum">{moment(version.changed_at, zone)}</span>
                {Object.entries(version.changes ?? {}).map(([field, change]) => (
                  <div key={field} className="break-words">
                    <span className="text-muted">{humanWords(t, field)}</span>{' '}
                    <del className="text-muted">{show(field, (change as unknown[])[0])}</del>{' '}
                    <span className="sr-only">{t('detail.becomes')}</span>{' '}
                    <ins className="no-underline">{show(field, (change as unknown[])[1])}</ins>
                  </div>
                ))}
              </li>
            ))}
          </ol>
        </Part>
      )}
    </article>
  );
}

function ReportDetail({ id, city }: { id: string; city: City }) {
  const { t } = useText();
  const { data: report, error } = useReport(id);
  if (!report) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 410))
      return <Gone />;
    return error ? <Notice tone="bad">{error.message}</Notice> : <Waiting />;
  }
  return (
    <article>
      <Head kind="report" title={report.title}>
        <p className="text-xs text-muted tnum">{report.reference}</p>
      </Head>
      <Photos photos={report.photos} />
      {report.description && <p className="mt-3 whitespace-pre-line">{report.description}</p>}
      <div className="mt-4">
        <ReportFacts report={report} />
      </div>
      <Link
        href={`/reports/${report.id}`}
        className="mt-3 inline-block text-accent underline underline-offset-2"
      >
        {t('report.open')}
      </Link>
      <Part title={t('report.history')}>
        <StatusHistory report={report} zone={city.timezone} />
      </Part>
    </article>
  );
}

function ReportFacts({ report }: { report: Report }) {
  const { t } = useText();
  const nameOf = useCategoryName(report.city);
  return (
    <Facts
      facts={[
        [t('detail.status'), t(`reportStatus.${report.status}`)],
        [t('detail.category'), nameOf(report.category)],
        [t('detail.address'), report.address || report.area?.name],
        [t('detail.source'), t('item.residents')],
      ]}
    />
  );
}

/** What stands in the detail by itself, or is a colour, is not told again among the properties. */
const NAMED = ['route_name', 'route_color', 'route_text_color', 'headsign'] as const;
/** What names a trip to machines; riders are told its stops and times. */
const DESCRIPTOR = /^(stop_id|stop_sequence|start_date|start_time|direction_id|relationship)$/;

function without(properties: Record<string, unknown> | undefined, names: RegExp) {
  return Object.fromEntries(Object.entries(properties ?? {}).filter(([name]) => !names.test(name)));
}

interface VehicleProps {
  vehicle?: Vehicle;
  city: City;
  onSelect: (ref: Ref) => void;
}

function VehicleDetail({ vehicle, city, onSelect }: VehicleProps) {
  const { t, count } = useText();
  if (!vehicle) return <Gone />;
  const speed = vehicle.speed_mps;
  return (
    <article>
      <Head kind={vehicle.kind} title={vehicleTitle(vehicle)} freshness={vehicle.freshness} />
      <div className="mt-4">
        <Facts
          facts={[
            [t('detail.vehicle'), vehicle.label ?? vehicle.external_id],
            [t('detail.route'), (vehicle.route_name ?? vehicle.route) && <Line {...vehicle} />],
            [t('detail.headsign'), vehicle.headsign],
          ]}
        />
      </div>
      {runsTrips(vehicle.kind) && <TripPart vehicle={vehicle} city={city} onSelect={onSelect} />}
      <div className="mt-4">
        <Facts
          facts={[
            [t('detail.trip'), vehicle.trip_id],
            [t('detail.bearing'), vehicle.bearing != null && `${Math.round(vehicle.bearing)}°`],
            [t('detail.speed'), speed != null && `${count(Math.round(speed * 3.6))} km/h`],
            ...plainProperties(
              t,
              without(vehicle.properties, DESCRIPTOR),
              NAMED.map((name) => vehicle[name]),
            ),
          ]}
        />
      </div>
      <Part title={t('detail.source')}>
        <SourceLine source={vehicle.source} />
      </Part>
      <Part title={t('detail.times')}>
        <Timing times={vehicle.times} zone={city.timezone} />
      </Part>
    </article>
  );
}

/** What is observed is known to the page; what is not is a stop, if it is there at all. */
function ThingOrStop({ id, things, city }: { id: string; things?: Thing[]; city: City }) {
  const thing = things?.find((one) => one.id === id);
  if (thing) return <ThingDetail thing={thing} city={city} />;
  return things ? <StopDetail id={id} city={city} /> : <Waiting />;
}

function ThingDetail({ thing, city }: { thing: Thing; city: City }) {
  const { t, count } = useText();
  const first = thing.datastreams[0];
  return (
    <article>
      <Head kind={thing.kind} title={thing.name} freshness={thing.freshness} />
      <ul className="mt-4 grid grid-cols-2 border-t border-l border-line">
        {thing.datastreams.map((stream) => (
          <li key={stream.id} className="border-r border-b border-line px-3 py-2">
            <span className="block text-xs text-muted">{propertyWords(t, stream)}</span>
            <span className="text-lg font-semibold tnum">{count(stream.result)}</span>{' '}
            <span className="text-xs text-muted">{unitOf(t, stream)}</span>
          </li>
        ))}
      </ul>
      {first && (
        <Part title={t('detail.history')}>
          <Suspense fallback={<div className="skeleton h-40" />}>
            <History datastream={first} />
          </Suspense>
        </Part>
      )}
      <div className="mt-4">
        <Facts facts={plainProperties(t, thing.properties)} />
      </div>
      <Part title={t('detail.source')}>
        <SourceLine source={thing.source} />
      </Part>
      <Part title={t('detail.times')}>
        <Timing times={thing.times} zone={city.timezone} />
      </Part>
    </article>
  );
}
