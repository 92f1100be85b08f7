import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'wouter';
import { api, must } from '@/api/client';
import { useNow, useText } from '@/i18n/useText';
import { Empty, Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { Facts } from '@/ui/Table';

/** Mails that would have gone out, while no provider is set. */
export default function MailboxPage() {
  const { t, age } = useText();
  const now = useNow();
  const { id } = useParams<{ id?: string }>();
  const mails = useQuery({
    queryKey: ['mailbox'],
    queryFn: async () =>
      (await must(api.GET('/api/v1/mailbox', { params: { query: { limit: 100 } } }))).items,
    refetchInterval: 5_000,
  });
  return (
    <Page
      title={t('mailbox.title')}
      lead={t('mailbox.lead')}
      back={id ? { href: '/mailbox', word: t('mailbox.list') } : undefined}
    >
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-[360px_minmax(0,1fr)]">
        <div className={id ? 'hidden lg:block' : ''}>
          <Panel flush title={t('mailbox.list')}>
            {mails.isPending && <SkeletonRows label={t('list.loading')} />}
            {mails.error && (
              <div className="p-4">
                <Notice tone="bad">{mails.error.message}</Notice>
              </div>
            )}
            {mails.data?.length === 0 && <Empty title={t('mailbox.empty')} />}
            <ul>
              {mails.data?.map((mail) => (
                <li key={mail.id} className="border-b border-line last:border-b-0">
                  <Link
                    href={`/mailbox/${mail.id}`}
                    aria-current={mail.id === id || undefined}
                    className="block px-4 py-2 hover:bg-bg aria-[current]:bg-bg"
                  >
                    <span className="block truncate font-medium">{mail.subject}</span>
                    <span className="flex justify-between gap-2 text-xs text-muted">
                      <span className="truncate">{mail.to}</span>
                      <time dateTime={mail.created_at} className="shrink-0 tnum">
                        {age(mail.created_at, now)}
                      </time>
                    </span>
                  </Link>
                </li>
              ))}
            </ul>
          </Panel>
        </div>
        {id && <OneMail id={id} />}
      </div>
    </Page>
  );
}

function OneMail({ id }: { id: string }) {
  const { t, moment } = useText();
  const { data: mail, error } = useQuery({
    queryKey: ['mail', id],
    queryFn: () => must(api.GET('/api/v1/mailbox/{id}', { params: { path: { id } } })),
  });
  if (error) return <Notice tone="bad">{error.message}</Notice>;
  if (!mail) return <SkeletonRows label={t('list.loading')} />;
  return (
    <Panel title={mail.subject}>
      <Facts
        facts={[
          [t('mailbox.to'), mail.to],
          [t('mailbox.at'), moment(mail.created_at)],
          ...Object.entries(mail.headers ?? {}).map(([name, value]): [string, string] => [
            name,
            String(value),
          ]),
        ]}
      />
      {mail.html ? (
        // No scripts, no same origin: a mail can do nothing to the page that shows it.
        <iframe
          title={mail.subject}
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          srcDoc={mail.html}
          className="mt-4 h-[32rem] w-full rounded-md border border-line bg-[#fff]"
        />
      ) : (
        <pre className="mt-4 whitespace-pre-wrap">{mail.text}</pre>
      )}
    </Panel>
  );
}
