import { useQuery } from '@tanstack/react-query';
import type { Status } from '@/api/types';
import { api, must } from '@/api/client';
import { useNow, useText } from '@/i18n/useText';
import { LEVELS } from '@/live/freshness';
import { FreshnessMark } from '@/ui/FreshnessMark';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { StateTag } from '@/ui/StateTag';
import { Table, type Column } from '@/ui/Table';

const KEPT = 'citypulse.status';
type Component = Status['components'][number];

export default function StatusPage() {
  const { t, moment, count } = useText();
  const { data, error, isPending } = useStatus();
  const status = data ?? kept();
  return (
    <Page
      title={status ? t(`status.${status.status}`) : t('status.title')}
      lead={status && t('status.asOf', { at: moment(status.at), version: status.version })}
    >
      {error && (
        <Notice tone="bad" alert>
          {t(status ? 'status.last' : 'status.unreachable')}
        </Notice>
      )}
      {isPending && !status && <SkeletonRows label={t('list.loading')} />}
      {status && (
        <>
          <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-md border border-line bg-line sm:grid-cols-4">
            {LEVELS.map((level) => (
              <div key={level} className="bg-surface px-4 py-3">
                <dt className="text-xs">
                  <FreshnessMark freshness={level} />
                </dt>
                <dd className="text-xl font-semibold tnum">{count(status.feeds[level])}</dd>
                <dd className="text-xs text-muted">{t('status.feeds')}</dd>
              </div>
            ))}
          </dl>
          <Components components={status.components} />
        </>
      )}
    </Page>
  );
}

function Components({ components }: { components: Component[] }) {
  const { t, age } = useText();
  const now = useNow();
  const columns: Column<Component>[] = [
    {
      key: 'name',
      head: t('status.part'),
      cell: (one) => (
        <>
          <PartName name={one.name} />
          <span className="block text-xs text-muted lg:hidden">
            <Told {...one} />
          </span>
        </>
      ),
    },
    {
      key: 'state',
      head: t('jobs.state'),
      cell: (one) => <StateTag state={one.state} word={t(`partState.${one.state}`)} />,
    },
    {
      key: 'detail',
      head: t('runs.detail'),
      cell: (one) => (
        <span className="text-muted">
          <Told {...one} />
        </span>
      ),
      wide: true,
    },
    {
      key: 'since',
      head: t('status.since'),
      align: 'right',
      cell: (one) => (one.since ? age(one.since, now) : '–'),
      wide: true,
    },
  ];
  return (
    <Panel flush title={t('status.parts')}>
      <Table label={t('status.parts')} columns={columns} rows={components} id={(one) => one.name} />
    </Panel>
  );
}

/** What is told of a part, in the reader's words; what is new to this page as the API says it. */
function Told({ told, detail }: Component) {
  const { t, moment, count } = useText();
  const write = ([name, value]: [string, string | number]): [string, string | number] => {
    if (name === 'since' || name === 'until') return [name, moment(String(value))];
    // `count` also chooses the plural, and stays a number.
    return [name, typeof value === 'number' && name !== 'count' ? count(value) : value];
  };
  const words = (told ?? []).map(({ code, values }) =>
    t(`told.${code}` as 'told.paused', {
      defaultValue: detail ?? '',
      ...Object.fromEntries(Object.entries(values).map(write)),
    }),
  );
  return <>{words.length > 0 ? words.join(' · ') : detail}</>;
}

/** A part in words, its own name beside them for who looks after it. */
function PartName({ name }: { name: string }) {
  const { t } = useText();
  const [known, queue] = name.split(':');
  const words = t(`part.${known}` as 'part.postgres', { queue: queue ?? '', defaultValue: name });
  return (
    <>
      {words}
      {words !== name && (
        <span className="ml-2 hidden font-mono text-xs text-muted sm:inline">{name}</span>
      )}
    </>
  );
}

/** The state of the platform; the last answer is kept, to be shown when there is none. */
function useStatus() {
  return useQuery({
    queryKey: ['status'],
    refetchInterval: 15_000,
    queryFn: async () => {
      const status = await must(api.GET('/api/v1/status'));
      localStorage.setItem(KEPT, JSON.stringify(status));
      return status;
    },
  });
}

function kept(): Status | null {
  const text = localStorage.getItem(KEPT);
  return text ? (JSON.parse(text) as Status) : null;
}
