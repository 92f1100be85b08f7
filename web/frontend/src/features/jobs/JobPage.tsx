import { useState } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import type { JobDetail } from '@/api/types';
import { OperatorOnly } from '@/app/OperatorOnly';
import { useText } from '@/i18n/useText';
import { useTopic } from '@/live/useLive';
import { Button } from '@/ui/Button';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { ReasonDialog } from '@/ui/ReasonDialog';
import { Progress, StateTag } from '@/ui/StateTag';
import { Facts, Table, type Column } from '@/ui/Table';
import { useJob, useJobAction } from './queries';
import { canCancel, canRetry, seconds } from './rules';

export default function JobPage() {
  const { t } = useText();
  const { id = '' } = useParams<{ id: string }>();
  return (
    <OperatorOnly title={t('jobs.one')}>
      <OneJob id={id} />
    </OperatorOnly>
  );
}

function OneJob({ id }: { id: string }) {
  const { t } = useText();
  useTopic(`job:${id}`);
  const { data: job, error } = useJob(id);
  if (error && !job) {
    return (
      <Page title={t('jobs.one')}>
        <Notice tone="bad">{error.message}</Notice>
      </Page>
    );
  }
  if (!job) return <SkeletonRows label={t('list.loading')} />;
  return (
    <Page
      title={job.kind}
      back={{ href: '/admin/jobs', word: t('jobs.title') }}
      lead={
        <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <StateTag state={job.state} word={t(`jobState.${job.state}`)} />
          <span className="font-mono text-xs">{job.id}</span>
        </span>
      }
      actions={<Actions job={job} />}
    >
      {job.state === 'running' && job.progress != null && (
        <Progress value={job.progress} label={t('jobs.progress')} />
      )}
      {job.error && (
        <Notice tone="bad">
          <span className="font-mono text-xs break-words whitespace-pre-wrap">{job.error}</span>
        </Notice>
      )}
      <div className="grid gap-5 lg:grid-cols-2">
        <JobFacts job={job} />
        <Timeline job={job} />
      </div>
      <Attempts attempts={job.attempts} />
      <Panel title={t('jobs.args')}>
        <pre className="overflow-x-auto font-mono text-xs whitespace-pre-wrap">
          {JSON.stringify(job.args, null, 2)}
        </pre>
      </Panel>
    </Page>
  );
}

function Actions({ job }: { job: JobDetail }) {
  const { t } = useText();
  const [asked, setAsked] = useState<'retry' | 'cancel' | null>(null);
  const [, go] = useLocation();
  const act = useJobAction(job.id, asked ?? 'retry');
  return (
    <>
      {canRetry(job.state) && (
        <Button icon="refresh" onClick={() => setAsked('retry')}>
          {t('jobs.retry')}
        </Button>
      )}
      {canCancel(job.state) && (
        <Button look="danger" icon="close" onClick={() => setAsked('cancel')}>
          {t('jobs.cancel')}
        </Button>
      )}
      {asked && (
        <ReasonDialog
          title={t(`jobs.${asked}Ask`)}
          confirm={t(`jobs.${asked}`)}
          danger={asked === 'cancel'}
          busy={act.isPending}
          error={act.error?.message ?? null}
          onConfirm={(reason) =>
            act.mutate(reason, {
              onSuccess: ({ job_id }) => {
                setAsked(null);
                // What has ended is run again as a job of its own: follow that one.
                if (job_id !== job.id) go(`/admin/jobs/${job_id}`);
              },
            })
          }
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}

function JobFacts({ job }: { job: JobDetail }) {
  const { t, moment } = useText();
  const other = (id: string | null | undefined) =>
    id && (
      <Link href={`/admin/jobs/${id}`} className="font-mono text-xs text-accent underline">
        {id}
      </Link>
    );
  const mono = (text: string | null | undefined) =>
    text && <span className="font-mono text-xs break-all">{text}</span>;
  return (
    <Panel title={t('jobs.facts')}>
      <Facts
        facts={[
          [t('jobs.queue'), job.queue],
          [t('jobs.priority'), job.priority],
          [t('jobs.attempt'), `${job.attempt} / ${job.max_attempts}`],
          [t('jobs.worker'), mono(job.worker)],
          [t('jobs.runAt'), moment(job.run_at)],
          [t('jobs.created'), moment(job.created_at)],
          [t('jobs.started'), moment(job.started_at)],
          [t('jobs.finished'), moment(job.finished_at)],
          [t('jobs.slot'), mono(job.cron_slot)],
          [t('jobs.reprocessOf'), other(job.reprocess_of)],
          [t('jobs.retryOf'), other(job.retry_of)],
          [t('jobs.trace'), mono(job.trace_id)],
        ]}
      />
    </Panel>
  );
}

function Timeline({ job }: { job: JobDetail }) {
  const { t, moment } = useText();
  return (
    <Panel title={t('jobs.timeline')}>
      {job.timeline.length === 0 && <p className="text-muted">{t('jobs.quiet')}</p>}
      <ol className="space-y-2.5">
        {job.timeline.map((event) => (
          <li key={event.seq} className="border-l-2 border-line pl-3">
            <span className="font-medium">{event.name}</span>{' '}
            <time dateTime={event.at} className="text-xs text-muted tnum">
              {moment(event.at)}
            </time>
            {event.data && Object.keys(event.data).length > 0 && (
              <div className="font-mono text-xs break-words text-muted">
                {Object.entries(event.data)
                  .filter(([, value]) => value != null)
                  .map(
                    ([name, value]) =>
                      `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
                  )
                  .join('  ')}
              </div>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

type Attempt = JobDetail['attempts'][number];

export function Attempts({ attempts }: { attempts: Attempt[] }) {
  const { t, moment, count } = useText();
  const columns: Column<Attempt>[] = [
    { key: 'attempt', head: t('jobs.attempt'), cell: (a) => a.attempt },
    { key: 'started', head: t('jobs.started'), cell: (a) => moment(a.started_at) },
    {
      key: 'took',
      head: t('jobs.took'),
      align: 'right',
      cell: (a) => {
        const took = seconds(a.started_at, a.finished_at);
        return took === null ? '–' : `${count(took)} s`;
      },
    },
    {
      key: 'outcome',
      head: t('jobs.outcome'),
      cell: ({ outcome }) =>
        t(`outcome.${outcome ?? 'running'}` as 'outcome.running', { defaultValue: outcome ?? '' }),
    },
    {
      key: 'error',
      head: t('jobs.error'),
      cell: (a) => <span className="font-mono text-xs">{a.error}</span>,
    },
    {
      key: 'worker',
      head: t('jobs.worker'),
      cell: (a) => <span className="font-mono text-xs">{a.worker}</span>,
      wide: true,
    },
  ];
  return (
    <Panel flush title={t('jobs.attempts')}>
      {attempts.length === 0 ? (
        <p className="p-4 text-muted">{t('jobs.noAttempt')}</p>
      ) : (
        <Table
          label={t('jobs.attempts')}
          columns={columns}
          rows={attempts}
          id={(a) => String(a.attempt)}
        />
      )}
    </Panel>
  );
}
