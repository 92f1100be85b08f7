import { Link } from 'wouter';
import type { Feed, FeedReject, FeedRun } from '@/api/types';
import { useUrlState } from '@/app/urlState';
import { useText } from '@/i18n/useText';
import { Notice } from '@/ui/Notice';
import { StateTag } from '@/ui/StateTag';
import { Table, type Column } from '@/ui/Table';
import { Difference } from './Difference';
import { useRejects } from './queries';
import { rejectedCount } from './rules';

/** The runs of a feed; one of them is opened by the address. */
export function Runs({ feed, runs }: { feed: Feed; runs: FeedRun[] }) {
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
          {chosen.difference && (
            <Difference difference={chosen.difference} of={moment(chosen.started_at)} />
          )}
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
