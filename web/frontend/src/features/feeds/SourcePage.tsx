import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { ApiError } from '@/api/problem';
import type { Feed } from '@/api/types';
import { OperatorOnly } from '@/app/OperatorOnly';
import { useSession } from '@/app/session';
import { useNow, useText } from '@/i18n/useText';
import { Empty, Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { Simulated } from '@/ui/StateTag';
import { Facts } from '@/ui/Table';
import { FeedActions } from './FeedActions';
import { HealthNotice } from './Health';
import { FeedHistory } from './FeedHistory';
import { FeedFreshness } from './FeedFreshness';
import { HealthTag } from './HealthTag';
import { isFeedKind } from './kinds';
import { useFollowedJob, useRuns, useSource } from './queries';
import { ReprocessForm } from './ReprocessForm';
import { Runs } from './Runs';

export default function SourcePage() {
  const { t } = useText();
  const { id = '' } = useParams<{ id: string }>();
  return (
    <OperatorOnly title={t('sources.title')}>
      <OneSource id={id} />
    </OperatorOnly>
  );
}

function OneSource({ id }: { id: string }) {
  const { t } = useText();
  const { user } = useSession();
  const { data: feed, error } = useSource(id);
  const runs = useRuns(id);
  const [job, setJob] = useState<string | null>(null);
  if (error && !feed) {
    const isUnknown = error instanceof ApiError && error.status === 404;
    return (
      <Page title={t('sources.title')}>
        <Notice tone="warn">{isUnknown ? t('sources.unknown') : error.message}</Notice>
      </Page>
    );
  }
  if (!feed) return <SkeletonRows label={t('list.loading')} />;
  const admin = user?.role === 'admin';
  return (
    <Page
      title={feed.name}
      back={{ href: '/admin/sources', word: t('sources.title') }}
      lead={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <HealthTag feed={feed} />
          <FeedFreshness feed={feed} />
          <span>{isFeedKind(feed.kind) ? t(`feedKind.${feed.kind}`) : feed.kind}</span>
          {feed.simulated && (
            <Simulated word={t('item.simulated')} hint={t('item.simulatedMeans')} />
          )}
        </span>
      }
      actions={admin && <FeedActions feed={feed} onJob={setJob} />}
    >
      <HealthNotice feed={feed} />
      {job && <Started key={job} job={job} />}
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <FeedFacts feed={feed} />
        {admin && <ReprocessForm feed={feed} runs={runs.data ?? []} />}
      </div>
      {admin && <FeedHistory id={id} />}
      <Panel flush title={t('runs.title')}>
        {runs.isPending && <SkeletonRows rows={5} label={t('list.loading')} />}
        {runs.error && (
          <div className="p-4">
            <Notice tone="bad">{runs.error.message}</Notice>
          </div>
        )}
        {runs.data?.length === 0 && <Empty title={t('runs.none')} />}
        {runs.data && runs.data.length > 0 && <Runs feed={feed} runs={runs.data} />}
      </Panel>
    </Page>
  );
}

/** A run that was asked for, followed to its end. */
function Started({ job }: { job: string }) {
  const { t } = useText();
  const { job: told, isEnded } = useFollowedJob(job);
  const failed = told?.state === 'dead' || told?.state === 'cancelled';
  return (
    <div role="status">
      <Notice tone={failed ? 'bad' : isEnded ? 'ok' : 'info'}>
        {t(isEnded ? (failed ? 'sources.runFailed' : 'sources.runEnded') : 'sources.started')}{' '}
        {failed && told?.error}{' '}
        <Link href={`/admin/jobs/${job}`} className="link">
          {t('sources.followJob')}
        </Link>
      </Notice>
    </div>
  );
}

function FeedFacts({ feed }: { feed: Feed }) {
  const { t, age, moment, duration, count } = useText();
  const now = useNow();
  const ago = (at: string) => `${moment(at)} · ${t('time.ago', { age: age(at, now) })}`;
  const written = Object.keys(feed.options).length > 0;
  return (
    <Panel title={t('sources.facts')}>
      <Facts
        facts={[
          [
            t('sources.url'),
            <span key="url" className="font-mono text-xs break-all">
              {feed.url}
            </span>,
          ],
          [t('sources.every'), duration(feed.interval_seconds)],
          [t('preview.ttl'), feed.ttl_seconds && duration(feed.ttl_seconds)],
          [
            t('sources.lastGood'),
            feed.last_success_at ? ago(feed.last_success_at) : t('sources.never'),
          ],
          [t('preview.newest'), feed.newest_at && ago(feed.newest_at)],
          [t('sources.next'), feed.paused ? t('health.paused') : moment(feed.next_run_at)],
          [t('sources.attribution'), feed.attribution],
          [t('sources.license'), feed.license],
          [t('sources.features'), count(feed.counts.features)],
          [t('sources.things'), count(feed.counts.things)],
          [t('sources.vehicles'), count(feed.counts.vehicles)],
          [
            t('feedForm.options'),
            written ? (
              <pre key="options" className="overflow-x-auto font-mono text-xs whitespace-pre-wrap">
                {JSON.stringify(feed.options, null, 2)}
              </pre>
            ) : null,
          ],
        ]}
      />
    </Panel>
  );
}
