import { useText } from '@/i18n/useText';
import { Panel } from '@/ui/Page';
import { useHistory } from './queries';

const ACTS = ['create', 'change', 'run', 'reprocess', 'delete'] as const;

/** Who did what to a feed, newest first. */
export function FeedHistory({ id }: { id: string }) {
  const { t, moment } = useText();
  const { data: entries } = useHistory(id);
  if (!entries || entries.length === 0) return null;
  return (
    <Panel title={t('feedHistory.title')}>
      <ul className="space-y-1 text-sm">
        {entries.map(({ id: entry, at, actor, action, reason, data }) => (
          <li key={entry} className="flex flex-wrap gap-x-3">
            <time dateTime={at} className="text-muted">
              {moment(at)}
            </time>
            <span>{actor}</span>
            <span>
              {word(action)}
              {Array.isArray(data.changed) && `: ${data.changed.join(', ')}`}
              {reason && ` (${reason})`}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );

  function word(action: string): string {
    const act = ACTS.find((one) => action === `feeds.${one}`);
    return act ? t(`feedHistory.${act}`) : action;
  }
}
