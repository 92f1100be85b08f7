import { Link } from 'wouter';
import type { Feed } from '@/api/types';
import { OperatorOnly } from '@/app/OperatorOnly';
import { useSession } from '@/app/session';
import { useUrlState } from '@/app/urlState';
import { useCitySlug } from '@/app/useCitySlug';
import { useNow, useText } from '@/i18n/useText';
import { buttonClass } from '@/ui/Button';
import { Counts } from '@/ui/Counts';
import { Icon } from '@/ui/Icon';
import { Empty, Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { Simulated, StateTag } from '@/ui/StateTag';
import { Table, type Column } from '@/ui/Table';
import { FeedFreshness } from './FeedFreshness';
import { HEALTH_STATE, HealthTag } from './HealthTag';
import { useSources } from './queries';
import { healthOf, HEALTHS, rejectedCount } from './rules';

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
  const { user } = useSession();
  const { params, set } = useUrlState();
  const feeds = useSources(useCitySlug());
  const wanted = params.get('health') ?? '';
  const words = params.get('q') ?? '';
  const all = feeds.data ?? [];
  const shown = all.filter(
    (feed) =>
      (wanted === '' || healthOf(feed, now) === wanted) &&
      `${feed.name} ${feed.kind} ${feed.url}`.toLowerCase().includes(words.toLowerCase()),
  );
  const lastGood = (feed: Feed) =>
    feed.last_success_at ? age(feed.last_success_at, now) : t('sources.never');
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
          <span className="flex w-full flex-wrap gap-x-3 text-xs lg:hidden">
            <HealthTag feed={feed} />
            <FeedFreshness feed={feed} />
            <span className="text-muted">
              {t('sources.lastGood')} {lastGood(feed)}
            </span>
          </span>
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
      key: 'health',
      head: t('sources.state'),
      cell: (feed) => <HealthTag feed={feed} />,
      wide: true,
    },
    {
      key: 'freshness',
      head: t('sources.freshness'),
      cell: (feed) => <FeedFreshness feed={feed} />,
      wide: true,
    },
    {
      key: 'success',
      head: t('sources.lastGood'),
      align: 'right',
      cell: (feed) => <span className="whitespace-nowrap">{lastGood(feed)}</span>,
      wide: true,
    },
    {
      key: 'every',
      head: t('sources.every'),
      align: 'right',
      cell: (feed) => <span className="whitespace-nowrap">{duration(feed.interval_seconds)}</span>,
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
    <Page
      title={t('sources.title')}
      lead={t('sources.lead')}
      actions={
        user?.role === 'admin' && (
          <Link href="/admin/sources/new" className={buttonClass('primary')}>
            <Icon name="plus" size={18} />
            {t('sources.add')}
          </Link>
        )
      }
    >
      <Counts
        label={t('sources.byState')}
        chosen={wanted}
        onChoose={(health) => set({ health }, 'push')}
        items={[
          { key: '', word: t('sources.all'), count: all.length },
          ...HEALTHS.map((health) => ({
            key: health,
            word: <StateTag state={HEALTH_STATE[health]} word={t(`health.${health}`)} />,
            count: all.filter((feed) => healthOf(feed, now) === health).length,
          })),
        ]}
      />
      <Panel
        flush
        title={t('sources.list')}
        actions={
          <label>
            <span className="sr-only">{t('filters.search')}</span>
            <input
              type="search"
              value={words}
              placeholder={t('filters.search')}
              onChange={({ target }) => set({ q: target.value })}
              className="h-8 w-44 rounded-md border border-control bg-surface px-2 text-xs placeholder:text-muted"
            />
          </label>
        }
      >
        {feeds.isPending && <SkeletonRows label={t('list.loading')} />}
        {feeds.error && (
          <div className="p-4">
            <Notice tone="bad">{feeds.error.message}</Notice>
          </div>
        )}
        {feeds.data && shown.length === 0 && (
          <Empty title={t(all.length === 0 ? 'sources.none' : 'list.noMatch')} />
        )}
        {shown.length > 0 && (
          <Table label={t('sources.list')} columns={columns} rows={shown} id={(feed) => feed.id} />
        )}
      </Panel>
    </Page>
  );
}
