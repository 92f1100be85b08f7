import type { Freshness } from '@/api/types';
import { useText } from '@/i18n/useText';
import type { Standing, Stopping } from './trips';

interface Props {
  stop: Stopping;
  zone: string;
  /** Of the prediction: an old one is not written as boldly as a new one. */
  freshness: Freshness;
}

/** When it is there: the time expected, after the one planned where the two differ. */
export function StopTime({ stop, zone, freshness }: Props) {
  const { planned, isApproximate, expected } = stop;
  const { t, clock } = useText();
  const isOld = freshness === 'stale' || freshness === 'dead';
  const plan = planned && clock(planned, zone);
  const hope = expected && clock(expected, zone);
  return (
    <span className="shrink-0 tnum">
      {planned && plan !== hope && (
        <span className={`text-muted ${hope ? 'text-xs line-through' : ''}`}>
          <span className="sr-only">{t(isApproximate ? 'trip.about' : 'trip.planned')} </span>
          {isApproximate && <span aria-hidden="true">≈ </span>}
          <time dateTime={planned}>{plan}</time>
        </span>
      )}{' '}
      {expected && (
        <span className={isOld ? 'text-muted' : 'font-semibold'}>
          <span className="sr-only">{t('trip.expected')} </span>
          <time dateTime={expected}>{hope}</time>
        </span>
      )}
    </span>
  );
}

const TONE: Record<Standing['word'], string> = {
  cancelled: 'text-bad',
  skipped: 'text-bad',
  noData: 'text-muted',
  onTime: 'text-ok',
  late: 'text-warn',
  early: 'text-warn',
};

/** How it stands to its plan, in words. */
export function StandingWord({ standing }: { standing: Standing | null }) {
  const { t } = useText();
  if (!standing) return null;
  const { word, count } = standing;
  return <span className={`shrink-0 text-xs ${TONE[word]}`}>{t(`trip.${word}`, { count })}</span>;
}
