import { useEffect, useRef, type ReactNode } from 'react';
import { Link } from 'wouter';
import { StaffOnly } from '@/app/OperatorOnly';
import { changed, useUrlState } from '@/app/urlState';
import { useCitySlug } from '@/app/useCitySlug';
import { AgeNotice } from '@/features/city/AgeNotice';
import { useCity } from '@/features/city/queries';
import { useText, useNow } from '@/i18n/useText';
import { Button, buttonClass } from '@/ui/Button';
import { Counts } from '@/ui/Counts';
import { Empty, Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { StateTag } from '@/ui/StateTag';
import { useCategories } from '@/features/reports/queries';
import { Handled } from './Handled';
import { useQueue } from './queries';
import { AGE_NAMES, filterOf, following, OPEN, STATUSES, total, type Filter } from './queue';
import { QueueList } from './QueueList';

/** What residents report, for those who do something about it. */
export default function QueuePage() {
  const { t } = useText();
  return (
    <StaffOnly title={t('queue.title')}>
      <Queue />
    </StaffOnly>
  );
}

function Queue() {
  const { t, age, clock } = useText();
  const now = useNow();
  const slug = useCitySlug();
  const city = useCity(slug).data;
  const { params, set } = useUrlState();
  const filter = filterOf(params);
  const chosen = params.get('sel');
  const queue = useQueue(slug, filter);
  const rows = queue.data?.pages.flatMap((page) => page.items) ?? [];
  const counts = queue.data?.pages[0]?.counts;
  const next = useFollowing(
    rows.map((row) => row.id),
    chosen,
  );
  const hrefOf = (id: string | null) => `/staff?${changed(params.toString(), { sel: id })}`;
  const open = counts && total(counts.by_status, OPEN);
  return (
    <Page
      title={t('queue.title')}
      lead={
        <>
          {/* The age beside it goes on unsaid. */}
          <span role="status">{open !== undefined && t('queue.open', { count: open })}</span>
          {counts?.oldest_open && ` ${t('queue.oldest', { age: age(counts.oldest_open, now) })}`}
        </>
      }
    >
      <div className={chosen ? 'hidden space-y-5 lg:block' : 'space-y-5'}>
        <Counts
          label={t('queue.byStatus')}
          chosen={filter.status}
          onChoose={(status) => set({ status, sel: null }, 'push')}
          items={[
            { key: '', word: t('queue.toDo'), count: open ?? null },
            ...STATUSES.map((status) => ({
              key: status,
              word: <StateTag state={status} word={t(`reportStatus.${status}`)} />,
              count: counts?.by_status[status] ?? null,
            })),
            {
              key: 'all',
              word: t('queue.all'),
              count: counts ? total(counts.by_status, STATUSES) : null,
            },
          ]}
        />
        <Filters city={slug} filter={filter} set={set} />
      </div>
      <AgeNotice at={queue.dataUpdatedAt} zone={city?.timezone} />
      {!queue.data && queue.isPaused && <Notice tone="warn">{t('live.offline')}</Notice>}
      {queue.error && (
        <Notice
          tone={queue.data ? 'warn' : 'bad'}
          alert
          action={
            <Button small onClick={() => void queue.refetch()}>
              {t('error.again')}
            </Button>
          }
        >
          {queue.error.message}
          {queue.data && ` ${t('live.asOf', { time: clock(queue.dataUpdatedAt, city?.timezone) })}`}
        </Notice>
      )}
      <div className={chosen ? 'items-start gap-5 lg:grid lg:grid-cols-[2fr_3fr]' : undefined}>
        <div className={chosen ? 'hidden lg:block' : undefined}>
          <Panel flush title={t(filter.order ? 'queue.newestFirst' : 'queue.oldestFirst')}>
            {queue.isPending && !queue.error && <SkeletonRows label={t('list.loading')} />}
            {queue.data && rows.length === 0 && <Nothing filter={filter} />}
            {rows.length > 0 && (
              <QueueList city={slug} reports={rows} chosen={chosen} hrefOf={hrefOf} />
            )}
            {queue.hasNextPage && (
              <div className="border-t border-line p-3 text-center">
                <Button
                  small
                  disabled={queue.isFetchingNextPage}
                  onClick={() => void queue.fetchNextPage()}
                >
                  {t('list.more')}
                </Button>
              </div>
            )}
          </Panel>
        </div>
        {chosen && (
          <Handled
            key={chosen}
            id={chosen}
            back={hrefOf(null)}
            next={next && hrefOf(next)}
            zone={city?.timezone}
          />
        )}
      </div>
    </Page>
  );
}

/** The report to handle after the chosen one, also when that has left the list. */
function useFollowing(ids: string[], chosen: string | null): string | null {
  const at = useRef(0);
  const here = chosen === null ? -1 : ids.indexOf(chosen);
  useEffect(() => {
    if (here >= 0) at.current = here;
  }, [here]);
  // eslint-disable-next-line react-hooks/refs -- where it stood is only asked for once it has left
  return chosen === null ? null : following(ids, chosen, at.current);
}

function Nothing({ filter }: { filter: Filter }): ReactNode {
  const { t } = useText();
  const isNarrow = Boolean(filter.status || filter.category || filter.age);
  if (!isNarrow) return <Empty title={t('queue.clear')}>{t('queue.clearHint')}</Empty>;
  return (
    <Empty title={t('list.noMatch')}>
      <Link href="/staff" className={`${buttonClass('plain', true)} mt-2`}>
        {t('queue.showOpen')}
      </Link>
    </Empty>
  );
}

interface FiltersProps {
  city: string;
  filter: Filter;
  set: (changes: Record<string, string | null>) => void;
}

function Filters({ city, filter, set }: FiltersProps) {
  const { t } = useText();
  const categories = useCategories(city).data ?? [];
  const choose = (name: string) => (value: string) => set({ [name]: value, sel: null });
  return (
    <div role="group" aria-label={t('queue.narrow')} className="flex flex-wrap gap-3">
      <Choice
        label={t('detail.category')}
        value={filter.category}
        onChange={choose('category')}
        options={[
          ['', t('queue.anyCategory')],
          ...categories.map(({ code, name }): [string, string] => [code, name]),
        ]}
      />
      <Choice
        label={t('report.filed')}
        value={filter.age}
        onChange={choose('age')}
        options={[
          ['', t('filters.anyTime')],
          ...AGE_NAMES.map((name): [string, string] => [name, t(`queue.age.${name}`)]),
        ]}
      />
      <Choice
        label={t('queue.order')}
        value={filter.order}
        onChange={choose('order')}
        options={[
          ['', t('queue.oldestFirst')],
          ['newest', t('queue.newestFirst')],
        ]}
      />
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: [value: string, word: string][];
  onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <label className="min-w-0 flex-1 basis-40 text-xs text-muted">
      {label}
      <select
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="mt-1 block h-9 w-full rounded-md border border-control bg-surface px-2 text-sm text-ink"
      >
        {options.map(([key, word]) => (
          <option key={key} value={key}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}
