import { useState } from 'react';
import { Link } from 'wouter';
import { api, must } from '@/api/client';
import { useConfig } from '@/app/config';
import { useText } from '@/i18n/useText';
import { Page } from '@/ui/Page';
import { TextField } from '@/forms/fields';
import { EmailField, PasswordField } from './fields';
import { Form } from '@/forms/Form';
import { MailSent } from './MailSent';
import { ResendNotice } from './Resend';

/** Open an account; what comes next is in the mailbox, whether the address was known or not. */
export default function RegisterPage() {
  const { t, language } = useText();
  const { mailbox } = useConfig();
  const [sentTo, setSentTo] = useState<string | null>(null);
  if (sentTo) {
    return (
      <MailSent title={t('register.sent')} lead={t('register.sentLead', { email: sentTo })}>
        {!mailbox && <p className="text-muted">{t('register.spam')}</p>}
        <ResendNotice email={sentTo} />
      </MailSent>
    );
  }
  return (
    <Page title={t('register.title')} lead={t('register.lead')} narrow="form">
      <Form
        id="register"
        action={t('register.enter')}
        wide
        send={async ({ email = '', password = '', name = '' }) => {
          await must(
            api.POST('/api/v1/auth/register', { body: { email, password, name, language } }),
          );
          return email;
        }}
        onDone={setSentTo}
      >
        <TextField
          name="name"
          label={t('account.name')}
          optional={t('form.optional')}
          hint={t('account.nameHint')}
          autoComplete="name"
          maxLength={100}
        />
        <EmailField autoComplete="username" />
        <PasswordField fresh />
      </Form>
      <p className="border-t border-line pt-4 text-muted">
        {t('register.known')}{' '}
        <Link href="/login" className="link">
          {t('login.enter')}
        </Link>
      </p>
    </Page>
  );
}
