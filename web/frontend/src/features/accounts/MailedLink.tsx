import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { ApiError } from '@/api/problem';
import { useText } from '@/i18n/useText';
import { Button, buttonClass } from '@/ui/Button';
import { Notice } from '@/ui/Notice';
import { Page } from '@/ui/Page';
import { useLinkToken } from './useLinkToken';

interface Props {
  title: string;
  done: string;
  doneLink: { href: string; word: string };
  open: (token: string) => Promise<unknown>;
  /** What helps when the link is used, over or incomplete. */
  help: ReactNode;
}

/** A page that a mailed link opens, and that does what the link is for at once. */
export function MailedLink({ title, done, doneLink, open, help }: Props) {
  const { t } = useText();
  const token = useLinkToken();
  const { isSuccess, error, refetch } = useQuery({
    queryKey: ['mailed link', title, token],
    queryFn: () => open(token ?? '').then(() => true),
    enabled: token !== null,
    staleTime: Infinity,
    gcTime: Infinity,
    retry: false,
  });
  const refused = token === null || error instanceof ApiError;
  return (
    <Page title={title} narrow="form">
      {isSuccess ? (
        <>
          <Notice tone="ok" alert>
            {done}
          </Notice>
          <Link href={doneLink.href} className={`${buttonClass('primary')} w-full`}>
            {doneLink.word}
          </Link>
        </>
      ) : refused ? (
        <>
          <Notice tone="bad" alert>
            {t(token === null ? 'link.none' : 'link.refused')}
          </Notice>
          {help}
        </>
      ) : error ? (
        <Notice
          tone="bad"
          alert
          action={
            <Button small onClick={() => void refetch()}>
              {t('error.again')}
            </Button>
          }
        >
          {t('account.offline')}
        </Notice>
      ) : (
        <p role="status" className="text-muted">
          {t('account.working')}
        </p>
      )}
    </Page>
  );
}
