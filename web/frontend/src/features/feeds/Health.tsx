import type { Feed } from '@/api/types';
import { useNow, useText } from '@/i18n/useText';
import { Notice } from '@/ui/Notice';
import { healthOf } from './rules';

/** What is the matter with a feed, in sentences; nothing while it works. */
export function HealthNotice({ feed }: { feed: Feed }) {
  const { t, moment } = useText();
  const health = healthOf(feed, useNow());
  if (health === 'working') return null;
  if (health === 'paused' || health === 'waiting') {
    return <Notice>{t(`healthMeans.${health}`)}</Notice>;
  }
  if (health === 'overdue') return <Notice tone="warn">{t('healthMeans.overdue')}</Notice>;
  if (health === 'shrunk') {
    return (
      <Notice tone="warn">{t('health.shrunkSince', { at: moment(feed.shrunk_since) })}</Notice>
    );
  }
  if (health === 'drifted') {
    return (
      <Notice tone="warn">
        {t('health.driftedSince', {
          at: moment(feed.drifted_since),
          fields: feed.lost_fields.join(', '),
        })}
      </Notice>
    );
  }
  return (
    <Notice tone="bad">
      <p className="font-medium">
        {t('health.failed', { count: feed.failures_in_a_row })}{' '}
        {health === 'open'
          ? t('health.openUntil', { at: moment(feed.open_until) })
          : t('health.triedAgain', { at: moment(feed.next_run_at) })}
      </p>
      {feed.last_run?.error && (
        <p className="mt-1 font-mono text-xs break-words">{feed.last_run.error}</p>
      )}
    </Notice>
  );
}
