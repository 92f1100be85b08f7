import { useText } from '@/i18n/useText';
import { FreshnessMark } from '@/ui/FreshnessMark';
import { Sparkline } from '@/ui/Sparkline';
import type { PulseTile } from '@/api/types';

const KEYS = ['service_requests_open', 'vehicles_live', 'bikes_available', 'reports_today'];

/** Four numbers before anything else, each with its last day and its freshness; one without is not whole. */
export function Tiles({ tiles }: { tiles: PulseTile[] | undefined }) {
  const { t } = useText();
  return (
    <section
      aria-label={t('tiles.title')}
      className="grid grid-cols-2 gap-px border-b border-line bg-line"
    >
      {tiles?.length
        ? tiles.slice(0, 4).map((tile) => <Tile key={tile.key} name={tile.key} tile={tile} />)
        : KEYS.map((key) => <Tile key={key} name={key} waiting={!tiles} />)}
    </section>
  );
}

function Tile({ name, tile, waiting }: { name: string; tile?: PulseTile; waiting?: boolean }) {
  const { t, count } = useText();
  const label = t(`tiles.${name}` as 'tiles.title', { defaultValue: tile?.label ?? name });
  const sure = tile?.freshness === 'fresh' || tile?.freshness === 'late';
  return (
    <div className="min-w-0 bg-surface px-4 py-2.5 last:odd:col-span-2">
      <div className="truncate text-xs text-muted">{label}</div>
      <div className="flex items-end justify-between gap-2">
        <span className={`text-xl font-semibold tracking-tight tnum ${sure ? '' : 'text-muted'}`}>
          {waiting ? <span className="skeleton mt-1 inline-block h-5 w-12" /> : count(tile?.value)}
        </span>
        {tile?.freshness && (
          <Sparkline values={tile.series.map(([, value]) => value as number | null)} dim={!sure} />
        )}
      </div>
      <div className="text-xs leading-4">
        {tile?.freshness && <FreshnessMark freshness={tile.freshness} />}
        {tile && !tile.freshness && (
          <span className="text-muted" title={t('tiles.readingMeans')}>
            {tile.unread ? t('tiles.unread', { count: tile.unread }) : t('tiles.reading')}
          </span>
        )}
      </div>
    </div>
  );
}
