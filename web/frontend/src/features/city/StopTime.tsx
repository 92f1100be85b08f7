import type { Freshness } from '@/api/types';
import { useText } from '@/i18n/useText';
import type { Standing, Stopping } from './trips';

interface Props {
  stop: Stopping;
  zone: string;
  /** Of the prediction: an old one is not written as boldly as a new one. */
  freshness: Freshness;
}

/** A sign for the eye alone: the words beside it say the same. */
function About() {
  return <span aria-hidden="true">≈ </span>;
}

/**
 * When it is there: the time expected, after the one planned where the two differ. What is predicted
 * where nobody publishes a time may be that time and a delay, and is no surer than it.
 */
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
          {isApproximate && <About />}
          <time dateTime={planned}>{plan}</time>
        </span>
      )}{' '}
      {expected && (
        <span className={isOld ? 'text-muted' : 'font-semibold'}>
          <span className="sr-only">
            {t(isApproximate ? 'trip.expectedAbout' : 'trip.expected')}{' '}
          </span>
          {isApproximate && <About />}
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

/** Those that are counted from the time planned. */
const COUNTED = ['onTime', 'late', 'early'];

/** How it stands to its plan, in words. */
export function StandingWord({ stop: { standing, isApproximate } }: { stop: Stopping }) {
  const { t } = useText();
  if (!standing) return null;
  const { word, count } = standing;
  return (
    <span className={`shrink-0 text-xs ${TONE[word]}`}>
      {isApproximate && COUNTED.includes(word) && (
        <>
          <span className="sr-only">{t('trip.roughly')} </span>
          <About />
        </>
      )}
      {t(`trip.${word}`, { count })}
    </span>
  );
}
