import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { Feed } from '@/api/types';
import { useText } from '@/i18n/useText';
import { Button, buttonClass } from '@/ui/Button';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { useChangeFeed, useDeleteFeed, useRunNow } from './queries';

/** What an admin can do to a feed at once. */
export function FeedActions({ feed, onJob }: { feed: Feed; onJob: (job: string) => void }) {
  const { t } = useText();
  const [asked, setAsked] = useState(false);
  const run = useRunNow(feed.id);
  const change = useChangeFeed(feed.id);
  const trouble = run.error ?? change.error;
  return (
    <div>
      <div className="flex flex-wrap gap-2">
        <Button
          look="primary"
          icon="play"
          disabled={run.isPending}
          onClick={() => run.mutate(undefined, { onSuccess: ({ job_id }) => onJob(job_id) })}
        >
          {t('sources.runNow')}
        </Button>
        <Button
          icon={feed.paused ? 'refresh' : 'pause'}
          disabled={change.isPending}
          onClick={() => change.mutate({ paused: !feed.paused })}
        >
          {t(feed.paused ? 'sources.resume' : 'sources.pause')}
        </Button>
        <Link href={`/admin/sources/${feed.id}/edit`} className={buttonClass()}>
          {t('sources.edit')}
        </Link>
        <Button look="danger" onClick={() => setAsked(true)}>
          {t('sources.delete')}
        </Button>
      </div>
      {trouble && (
        <p role="alert" className="mt-1 text-xs text-bad">
          {trouble.message}
        </p>
      )}
      {asked && <Delete feed={feed} onClose={() => setAsked(false)} />}
    </div>
  );
}

function Delete({ feed, onClose }: { feed: Feed; onClose: () => void }) {
  const { t, count } = useText();
  const [, go] = useLocation();
  const remove = useDeleteFeed(feed.id);
  const { features, things, vehicles } = feed.counts;
  return (
    <ConfirmDialog
      title={t('sources.deleteNamed', { name: feed.name })}
      confirm={t('sources.deleteNow')}
      busy={remove.isPending}
      error={remove.error?.message ?? null}
      onConfirm={() =>
        remove.mutate(undefined, { onSuccess: ({ job_id }) => go(`/admin/jobs/${job_id}`) })
      }
      onClose={onClose}
    >
      <p>
        {t('sources.deleteMeans', {
          features: count(features),
          things: count(things),
          vehicles: count(vehicles),
        })}
      </p>
    </ConfirmDialog>
  );
}
