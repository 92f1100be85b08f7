import type { Feed } from '@/api/types';
import { useNow, useText } from '@/i18n/useText';
import { StateTag } from '@/ui/StateTag';
import { healthOf } from './rules';

/** How a feed is, in a word. */
export function HealthTag({ feed }: { feed: Feed }) {
  const { t } = useText();
  const health = healthOf(feed, useNow());
  const word =
    health === 'failing'
      ? t('health.failingTimes', { count: feed.failures_in_a_row })
      : t(`health.${health}`);
  return (
    <span title={t(`healthMeans.${health}`)}>
      <StateTag state={HEALTH_STATE[health]} word={word} />
    </span>
  );
}

/** The sign and colour of each. */
export const HEALTH_STATE = {
  working: 'ok',
  failing: 'retryable',
  open: 'dead',
  shrunk: 'late',
  drifted: 'late',
  overdue: 'late',
  waiting: 'waiting',
  paused: 'waiting',
} as const;
