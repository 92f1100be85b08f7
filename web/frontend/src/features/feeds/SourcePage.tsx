import { useState } from 'react';
import { Link, useParams } from 'wouter';
import type { Feed, FeedReject, FeedRun } from '@/api/types';
import { OperatorOnly } from '@/app/OperatorOnly';
import { useSession } from '@/app/session';
import { useCitySlug } from '@/app/useCitySlug';
import { useUrlState } from '@/app/urlState';
import { useFeeds } from '@/features/city/queries';
import { useText } from '@/i18n/useText';
import { useTopic } from '@/live/useLive';
import { Button } from '@/ui/Button';
import { FreshnessMark } from '@/ui/FreshnessMark';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { Simulated, StateTag } from '@/ui/StateTag';
import { Facts, Table, type Column } from '@/ui/Table';
import { Difference } from './Difference';
import { useRejects, useRunNow, useRuns } from './queries';
import { ReprocessForm } from './ReprocessForm';
import { rejectedCount } from './rules';

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
  const feeds = useFeeds(useCitySlug());
  const runs = useRuns(id);
  const feed = feeds.data?.find((one) => one.id === id);
  const [job, setJob] = useState<string | null>(null);
  if (feeds.isPending) return <SkeletonRows label={t('list.loading')} />;
  if (!feed) {
    return (
      <Page title={t('sources.title')}>
        <Notice tone="warn">{t('sources.unknown')}</Notice>
      </Page>
    );
  }
  const admin = user?.role === 'admin';
  return (
    <Page
      title={feed.name}
      lead={
        <span className="flex flex-wrap items-center gap-3">
          <FreshnessMark freshness={feed.freshness} />
          <span className="font-mono text-xs">{feed.kind}</span>
          {feed.simulated && (
            <Simulated word={t('item.simulated')} hint={t('item.simulatedMeans')} />
          )}
        </span>
      }
      actions={admin && <RunNow feed={feed} onJob={setJob} />}
    >
      {job && <Started job={job} />}
      <div className="grid gap-5 lg:grid-cols-2">
        <FeedFacts feed={feed} />
        {admin && <ReprocessForm feed={feed} runs={runs.data ?? []} />}
      </div>
      <Panel flush title={t('runs.title')}>
        {runs.isPending && <SkeletonRows rows={5} label={t('list.loading')} />}
        {runs.error && (
          <div className="p-4">
            <Notice tone="bad">{runs.error.message}</Notice>
          </div>
        )}
        {runs.data && <Runs feed={feed} runs={runs.data} />}
      </Panel>
    </Page>
  );
}

function Started({ job }: { job: string }) {
  const { t } = useText();
  useTopic(`job:${job}`);
  return (
    <Notice tone="ok">
      {t('sources.started')}{' '}
      <Link href={`/admin/jobs/${job}`} className="text-accent underline underline-offset-2">
        {t('sources.followJob')}
      </Link>
    </Notice>
  );
}

function RunNow({ feed, onJob }: { feed: Feed; onJob: (job: string) => void }) {
  const { t } = useText();
  const run = useRunNow(feed.id);
  return (
    <div className="text-right">
      <Button
        look="primary"
        icon="play"
        disabled={run.isPending}
        onClick={() => run.mutate(undefined, { onSuccess: ({ job_id }) => onJob(job_id) })}
      >
        {t('sources.runNow')}
      </Button>
      {run.error && <p className="mt-1 text-xs text-bad">{run.error.message}</p>}
    </div>
  );
}

function FeedFacts({ feed }: { feed: Feed }) {
  const { t, moment, duration, count } = useText();
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
          [
            t('sources.state'),
            t(
              feed.paused
                ? 'sources.paused'
                : feed.enabled
                  ? 'sources.enabled'
                  : 'sources.disabled',
            ),
          ],
          [t('sources.lastGood'), moment(feed.last_success_at)],
          [t('sources.next'), moment(feed.next_run_at)],
          [t('sources.attribution'), feed.attribution],
          [t('sources.license'), feed.license],
          [t('sources.features'), count(feed.counts.features)],
          [t('sources.things'), count(feed.counts.things)],
          [t('sources.vehicles'), count(feed.counts.vehicles)],
        ]}
      />
    </Panel>
  );
}

function Runs({ feed, runs }: { feed: Feed; runs: FeedRun[] }) {
  const { t, moment, count } = useText();
  const { params, set } = useUrlState();
  const open = params.get('run');
  const chosen = runs.find((run) => run.id === open);
  const number = (key: 'new' | 'changed' | 'same' | 'vanished', wide = false): Column<FeedRun> => ({
    key,
    head: t(`runs.${key}`),
    align: 'right',
    cell: (run) => count(run[key]),
    wide,
  });
  const columns: Column<FeedRun>[] = [
    {
      key: 'state',
      head: t('jobs.state'),
      cell: (run) => (
        <span className="flex items-center gap-2">
          <StateTag state={run.state} word={t(`runState.${run.state}`)} />
          {run.dry_run && <span className="text-xs text-muted">{t('runs.dry')}</span>}
          {run.reprocess_of && !run.dry_run && (
            <span className="text-xs text-muted">{t('runs.again')}</span>
          )}
        </span>
      ),
    },
    {
      key: 'started',
      head: t('jobs.started'),
      cell: (run) => (
        <button
          type="button"
          onClick={() => set({ run: run.id === open ? null : run.id })}
          aria-expanded={run.id === open}
          className="min-h-6 whitespace-nowrap text-accent underline underline-offset-2"
        >
          {moment(run.started_at)}
        </button>
      ),
    },
    {
      key: 'http',
      head: 'HTTP',
      align: 'right',
      cell: (run) => run.http_status ?? '–',
      wide: true,
    },
    {
      key: 'ttfb',
      head: t('runs.ttfb'),
      align: 'right',
      cell: (run) => (run.ttfb_ms == null ? '–' : `${count(run.ttfb_ms)} ms`),
      wide: true,
    },
    number('new'),
    number('changed'),
    number('same', true),
    number('vanished', true),
    {
      key: 'rejected',
      head: t('runs.rejected'),
      align: 'right',
      cell: (run) => count(rejectedCount(run.rejected)),
    },
  ];
  return (
    <>
      {chosen && (
        <div className="space-y-4 border-t border-line p-4">
          <h3 className="font-semibold">{t('runs.one', { at: moment(chosen.started_at) })}</h3>
          {chosen.error && <Notice tone="bad">{chosen.error}</Notice>}
          {chosen.difference && <Difference difference={chosen.difference} />}
          {chosen.job_id && (
            <Link href={`/admin/jobs/${chosen.job_id}`} className="text-accent underline">
              {t('sources.followJob')}
            </Link>
          )}
          <Rejects feed={feed.id} run={chosen} />
        </div>
      )}
      <Table label={t('runs.title')} columns={columns} rows={runs} id={(run) => run.id} />
    </>
  );
}

function Rejects({ feed, run }: { feed: string; run: FeedRun }) {
  const { t } = useText();
  const total = rejectedCount(run.rejected);
  const rejects = useRejects(feed, total > 0 ? run.id : null);
  if (total === 0) return <p className="text-muted">{t('runs.noRejects')}</p>;
  const columns: Column<FeedReject>[] = [
    { key: 'reason', head: t('runs.reason'), cell: (one) => one.reason },
    { key: 'detail', head: t('runs.detail'), cell: (one) => one.detail },
    {
      key: 'id',
      head: t('runs.externalId'),
      cell: (one) => <span className="font-mono text-xs">{one.external_id}</span>,
    },
    {
      key: 'record',
      head: t('runs.record'),
      cell: (one) => (
        <code className="block max-w-md truncate text-xs" title={JSON.stringify(one.record)}>
          {JSON.stringify(one.record)}
        </code>
      ),
      wide: true,
    },
  ];
  return (
    <Table
      label={t('runs.rejected')}
      columns={columns}
      rows={rejects.data ?? []}
      id={(one) => `${one.reason}${one.external_id ?? ''}${one.at}`}
    />
  );
}
