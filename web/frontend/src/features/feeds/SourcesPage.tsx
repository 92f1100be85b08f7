import { Link } from 'wouter';
import type { Feed } from '@/api/types';
import { OperatorOnly } from '@/app/OperatorOnly';
import { useCitySlug } from '@/app/useCitySlug';
import { useFeeds } from '@/features/city/queries';
import { useNow, useText } from '@/i18n/useText';
import { FreshnessMark } from '@/ui/FreshnessMark';
import { Empty, Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { Simulated, StateTag } from '@/ui/StateTag';
import { Table, type Column } from '@/ui/Table';
import { rejectedCount } from './rules';

export default function SourcesPage() {
  const { t } = useText();
  return (
    <OperatorOnly title={t('sources.title')}>
      <Sources />
    </OperatorOnly>
  );
}

function Sources() {
  const { t, age, count, duration } = useText();
  const now = useNow();
  const feeds = useFeeds(useCitySlug());
  const columns: Column<Feed>[] = [
    {
      key: 'name',
      head: t('sources.name'),
      cell: (feed) => (
        <span className="flex min-w-40 flex-wrap items-center gap-x-2">
          <Link
            href={`/admin/sources/${feed.id}`}
            className="inline-flex min-h-6 items-center text-accent underline underline-offset-2"
          >
            {feed.name}
          </Link>
          {feed.simulated && (
            <Simulated word={t('item.simulated')} hint={t('item.simulatedMeans')} />
          )}
          {feed.paused && <span className="text-xs text-warn">❙❙ {t('sources.paused')}</span>}
        </span>
      ),
    },
    {
      key: 'kind',
      head: t('sources.kind'),
      cell: (feed) => <span className="font-mono text-xs">{feed.kind}</span>,
      wide: true,
    },
    {
      key: 'freshness',
      head: t('sources.freshness'),
      cell: (feed) => <FreshnessMark freshness={feed.freshness} />,
    },
    {
      key: 'success',
      head: t('sources.lastGood'),
      align: 'right',
      cell: (feed) => (feed.last_success_at ? age(feed.last_success_at, now) : t('sources.never')),
    },
    {
      key: 'every',
      head: t('sources.every'),
      align: 'right',
      cell: (feed) => duration(feed.interval_seconds),
      wide: true,
    },
    {
      key: 'run',
      head: t('sources.lastRun'),
      cell: (feed) =>
        feed.last_run ? (
          <StateTag state={feed.last_run.state} word={t(`runState.${feed.last_run.state}`)} />
        ) : (
          '–'
        ),
      wide: true,
    },
    {
      key: 'items',
      head: t('sources.items'),
      align: 'right',
      cell: (feed) => count(feed.counts.features + feed.counts.things + feed.counts.vehicles),
    },
    {
      key: 'rejected',
      head: t('sources.rejected'),
      align: 'right',
      cell: (feed) => count(rejectedCount(feed.last_run?.rejected)),
      wide: true,
    },
  ];
  return (
    <Page title={t('sources.title')} lead={t('sources.lead')}>
      <Panel flush title={t('sources.list')}>
        {feeds.isPending && <SkeletonRows label={t('list.loading')} />}
        {feeds.error && (
          <div className="p-4">
            <Notice tone="bad">{feeds.error.message}</Notice>
          </div>
        )}
        {feeds.data?.length === 0 && <Empty title={t('sources.none')} />}
        {feeds.data && feeds.data.length > 0 && (
          <Table
            label={t('sources.list')}
            columns={columns}
            rows={feeds.data}
            id={(feed) => feed.id}
          />
        )}
      </Panel>
    </Page>
  );
}
