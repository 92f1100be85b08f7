import { useState } from 'react';
import { Link } from 'wouter';
import { api, must } from '@/api/client';
import { ApiError } from '@/api/problem';
import { useText } from '@/i18n/useText';
import { buttonClass } from '@/ui/Button';
import { Notice } from '@/ui/Notice';
import { Page } from '@/ui/Page';
import { EmailField, PasswordField } from './fields';
import { Form } from '@/forms/Form';
import { MailSent } from './MailSent';
import { useLinkToken } from './useLinkToken';

/** A forgotten password: ask for the link, or, where the link leads, choose a new one. */
export default function ResetPage() {
  const token = useLinkToken();
  const [again, setAgain] = useState(false);
  return token && !again ? <Choose token={token} onAgain={() => setAgain(true)} /> : <Ask />;
}

function Ask() {
  const { t } = useText();
  const [sentTo, setSentTo] = useState<string | null>(null);
  if (sentTo) {
    return <MailSent title={t('register.sent')} lead={t('reset.sentLead', { email: sentTo })} />;
  }
  return (
    <Page title={t('reset.title')} lead={t('reset.lead')} narrow="form">
      <Form
        id="reset"
        action={t('reset.ask')}
        wide
        send={async ({ email = '' }) => {
          await must(api.POST('/api/v1/auth/password-reset', { body: { email } }));
          return email;
        }}
        onDone={setSentTo}
      >
        <EmailField autoComplete="username" />
      </Form>
      <p className="border-t border-line pt-4 text-muted">
        <Link href="/login" className="link">
          {t('reset.back')}
        </Link>
      </p>
    </Page>
  );
}

function Choose({ token, onAgain }: { token: string; onAgain: () => void }) {
  const { t } = useText();
  const [done, setDone] = useState(false);
  if (done) {
    return (
      <Page title={t('reset.choose')} narrow="form">
        <Notice tone="ok" alert>
          {t('reset.done')}
        </Notice>
        <Link href="/login" className={`${buttonClass('primary')} w-full`}>
          {t('login.enter')}
        </Link>
      </Page>
    );
  }
  return (
    <Page title={t('reset.choose')} lead={t('reset.chooseLead')} narrow="form">
      <Form
        id="choose"
        action={t('account.savePassword')}
        wide
        send={({ password = '' }) =>
          must(api.POST('/api/v1/auth/password-reset/confirm', { body: { token, password } }))
        }
        onDone={() => setDone(true)}
        explain={(error) =>
          error instanceof ApiError &&
          error.status === 400 && (
            <>
              {t('link.refused')}{' '}
              <button type="button" className="link" onClick={onAgain}>
                {t('reset.again')}
              </button>
            </>
          )
        }
      >
        <PasswordField fresh label={t('account.newPassword')} />
      </Form>
    </Page>
  );
}
