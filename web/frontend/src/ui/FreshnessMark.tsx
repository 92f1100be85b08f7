import type { Freshness } from '@/api/types';
import { useText } from '@/i18n/useText';

const COLOUR: Record<Freshness, string> = {
  fresh: 'text-ok',
  late: 'text-warn',
  stale: 'text-muted',
  dead: 'text-bad',
};

/** How fresh, by shape and by word: full, half, hollow, crossed. */
export function FreshnessMark({ freshness }: { freshness: Freshness }) {
  const { t } = useText();
  return (
    <span
      className={`inline-flex shrink-0 items-center gap-1 ${COLOUR[freshness]}`}
      title={t(`freshness.${freshness}Means`)}
    >
      <Shape freshness={freshness} />
      {t(`freshness.${freshness}`)}
    </span>
  );
}

function Shape({ freshness }: { freshness: Freshness }) {
  return (
    <svg viewBox="0 0 10 10" width="9" height="9" aria-hidden="true" className="shrink-0">
      {freshness === 'fresh' && <circle cx="5" cy="5" r="4.5" fill="currentColor" />}
      {freshness === 'late' && (
        <>
          <circle cx="5" cy="5" r="4" fill="none" stroke="currentColor" strokeWidth="1.2" />
          <path d="M5 1a4 4 0 0 0 0 8z" fill="currentColor" />
        </>
      )}
      {freshness === 'stale' && (
        <circle cx="5" cy="5" r="3.9" fill="none" stroke="currentColor" strokeWidth="1.5" />
      )}
      {freshness === 'dead' && (
        <path d="M1.5 1.5l7 7m0-7-7 7" stroke="currentColor" strokeWidth="1.7" />
      )}
    </svg>
  );
}
