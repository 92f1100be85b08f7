import { useText } from '@/i18n/useText';
import { FreshnessMark } from '@/ui/FreshnessMark';
import { Sparkline } from '@/ui/Sparkline';
import type { PulseTile } from '@/api/types';

const KEYS = ['service_requests_open', 'vehicles_live', 'bikes_available', 'reports_today'];

/** Four numbers before anything else, each with its last day and its freshness. */
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
  const old = tile?.freshness === 'stale' || tile?.freshness === 'dead';
  return (
    <div className="min-w-0 bg-surface px-4 py-2.5">
      <div className="truncate text-xs text-muted">{label}</div>
      <div className="flex items-end justify-between gap-2">
        <span className={`text-xl font-semibold tracking-tight tnum ${old ? 'text-muted' : ''}`}>
          {waiting ? <span className="skeleton mt-1 inline-block h-5 w-12" /> : count(tile?.value)}
        </span>
        {tile && (
          <Sparkline values={tile.series.map(([, value]) => value as number | null)} dim={old} />
        )}
      </div>
      <div className="text-xs leading-4">
        {tile?.freshness && <FreshnessMark freshness={tile.freshness} />}
      </div>
    </div>
  );
}
