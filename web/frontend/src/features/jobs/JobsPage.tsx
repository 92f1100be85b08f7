import { useState } from 'react';
import { Link } from 'wouter';
import type { Job, Queue } from '@/api/types';
import { OperatorOnly } from '@/app/OperatorOnly';
import { useSession } from '@/app/session';
import { useUrlState } from '@/app/urlState';
import { useNow, useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Counts } from '@/ui/Counts';
import { Empty, Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Progress, StateTag } from '@/ui/StateTag';
import { Table, type Column } from '@/ui/Table';
import { useJobs, useQueueAction, useQueues } from './queries';
import { STATES } from './rules';

export default function JobsPage() {
  const { t } = useText();
  return (
    <OperatorOnly title={t('jobs.title')}>
      <Jobs />
    </OperatorOnly>
  );
}

function Jobs() {
  const { t } = useText();
  const { params, set } = useUrlState();
  const filter = {
    state: params.get('state') ?? '',
    queue: params.get('queue') ?? '',
    q: params.get('q') ?? '',
  };
  const jobs = useJobs(filter);
  const queues = useQueues();
  const rows = jobs.data?.pages.flatMap((page) => page.items) ?? [];
  const counts = jobs.data?.pages[0]?.counts.by_state ?? {};
  const failed = (counts.dead ?? 0) + (counts.retryable ?? 0);
  return (
    <Page
      title={t('jobs.title')}
      lead={jobs.data && t(failed ? 'jobs.troubled' : 'jobs.calm', { count: failed })}
      actions={
        <a
          href="/flower/"
          className="inline-flex min-h-10 items-center text-accent underline underline-offset-2"
        >
          {t('nav.flower')}
        </a>
      }
    >
      <Counts
        label={t('jobs.byState')}
        chosen={filter.state}
        onChoose={(state) => set({ state }, 'push')}
        items={[
          { key: '', word: t('jobs.all'), count: sum(counts) },
          ...STATES.map((state) => ({
            key: state,
            word: <StateTag state={state} word={t(`jobState.${state}`)} />,
            count: counts[state] ?? 0,
          })),
        ]}
      />
      {queues.data && <Queues queues={queues.data} />}
      <Panel
        flush
        title={t('jobs.list')}
        actions={
          <div className="flex flex-wrap gap-2">
            <label>
              <span className="sr-only">{t('jobs.queue')}</span>
              <select
                value={filter.queue}
                onChange={(event) => set({ queue: event.target.value })}
                className="h-8 rounded-md border border-control bg-surface px-2 text-xs"
              >
                <option value="">{t('jobs.anyQueue')}</option>
                {queues.data?.map(({ name }) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <form
              onSubmit={(event) => {
                event.preventDefault();
                set({ q: String(new FormData(event.currentTarget).get('q') ?? '') });
              }}
            >
              <label>
                <span className="sr-only">{t('jobs.search')}</span>
                <input
                  name="q"
                  type="search"
                  defaultValue={filter.q}
                  placeholder={t('jobs.search')}
                  className="h-8 w-44 rounded-md border border-control bg-surface px-2 text-xs placeholder:text-muted"
                />
              </label>
            </form>
          </div>
        }
      >
        {jobs.isPending && <SkeletonRows label={t('list.loading')} />}
        {jobs.error && (
          <div className="p-4">
            <Notice tone="bad">{jobs.error.message}</Notice>
          </div>
        )}
        {jobs.data && rows.length === 0 && (
          <Empty title={t(jobs.hasNextPage ? 'jobs.noneYet' : 'jobs.none')} />
        )}
        {rows.length > 0 && <JobTable rows={rows} />}
        {jobs.hasNextPage && (
          <div className="border-t border-line p-3 text-center">
            <Button small onClick={() => void jobs.fetchNextPage()}>
              {t('list.more')}
            </Button>
          </div>
        )}
      </Panel>
    </Page>
  );
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((a, b) => a + b, 0);
}

function JobTable({ rows }: { rows: Job[] }) {
  const { t, age } = useText();
  const now = useNow();
  const columns: Column<Job>[] = [
    {
      key: 'state',
      head: t('jobs.state'),
      cell: (job) => <StateTag state={job.state} word={t(`jobState.${job.state}`)} />,
    },
    {
      key: 'kind',
      head: t('jobs.kind'),
      cell: (job) => (
        <>
          <Link
            href={`/admin/jobs/${job.id}`}
            className="inline-flex min-h-6 items-center font-mono text-xs text-accent underline underline-offset-2"
          >
            {job.kind}
          </Link>
          <span className="lg:hidden">
            <HowFar job={job} />
          </span>
        </>
      ),
    },
    { key: 'queue', head: t('jobs.queue'), cell: (job) => job.queue, wide: true },
    {
      key: 'progress',
      head: t('jobs.progress'),
      cell: (job) => <HowFar job={job} />,
      wide: true,
    },
    {
      key: 'attempt',
      head: t('jobs.attempt'),
      align: 'right',
      cell: (job) => `${job.attempt}/${job.max_attempts}`,
      wide: true,
    },
    {
      key: 'age',
      head: t('jobs.created'),
      align: 'right',
      cell: (job) => (
        <time dateTime={job.created_at} className="whitespace-nowrap text-muted">
          {age(job.created_at, now)}
        </time>
      ),
    },
  ];
  return <Table label={t('jobs.list')} columns={columns} rows={rows} id={(job) => job.id} />;
}

/** How far a job has come, or what stopped it. */
function HowFar({ job }: { job: Job }) {
  const { t } = useText();
  if (job.state === 'running' && job.progress != null) {
    return (
      <span className="block w-24">
        <Progress value={job.progress} label={t('jobs.progress')} />
      </span>
    );
  }
  return (
    <span
      className="block max-w-44 truncate text-xs text-bad lg:max-w-80"
      title={job.error ?? undefined}
    >
      {job.error}
    </span>
  );
}

function Queues({ queues }: { queues: Queue[] }) {
  const { t, count, duration } = useText();
  const { user } = useSession();
  const [asked, setAsked] = useState<Queue | null>(null);
  const act = useQueueAction();
  const columns: Column<Queue>[] = [
    {
      key: 'name',
      head: t('jobs.queue'),
      cell: (queue) => (
        <span className="flex items-center gap-2">
          {queue.name}
          {queue.paused && <span className="text-xs text-warn">❙❙ {t('queues.paused')}</span>}
        </span>
      ),
    },
    { key: 'queued', head: t('jobState.queued'), align: 'right', cell: (q) => count(q.queued) },
    {
      key: 'running',
      head: t('jobState.running'),
      align: 'right',
      cell: (q) => count(q.running),
      wide: true,
    },
    {
      key: 'retryable',
      head: t('jobState.retryable'),
      align: 'right',
      cell: (q) => count(q.retryable),
      wide: true,
    },
    { key: 'dead', head: t('jobState.dead'), align: 'right', cell: (q) => count(q.dead) },
    {
      key: 'oldest',
      head: t('queues.oldest'),
      align: 'right',
      cell: (q) => (q.oldest_queued_seconds == null ? '–' : duration(q.oldest_queued_seconds)),
      wide: true,
    },
    {
      key: 'workers',
      head: t('queues.workers'),
      align: 'right',
      cell: (q) => count(q.workers),
      wide: true,
    },
    {
      key: 'act',
      head: t('queues.act'),
      align: 'right',
      cell: (queue) =>
        user?.role === 'admin' && (
          <Button small onClick={() => setAsked(queue)}>
            {t(queue.paused ? 'queues.resume' : 'queues.pause')}
          </Button>
        ),
    },
  ];
  const action = asked?.paused ? 'resume' : 'pause';
  return (
    <Panel flush title={t('queues.title')}>
      <Table label={t('queues.title')} columns={columns} rows={queues} id={(queue) => queue.name} />
      {asked && (
        <ReasonDialog
          title={t(`queues.${action}Named`, { name: asked.name })}
          confirm={t(`queues.${action}`)}
          busy={act.isPending}
          error={act.error?.message ?? null}
          onConfirm={(reason) =>
            act.mutate({ name: asked.name, action, reason }, { onSuccess: () => setAsked(null) })
          }
          onClose={() => setAsked(null)}
        />
      )}
    </Panel>
  );
}
