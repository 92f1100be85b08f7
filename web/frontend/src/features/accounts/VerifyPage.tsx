import { useState } from 'react';
import { api, must } from '@/api/client';
import { useText } from '@/i18n/useText';
import { EmailField } from './fields';
import { Form } from '@/forms/Form';
import { MailedLink } from './MailedLink';
import { MailSent } from './MailSent';

/** The link of a new account leads here. */
export default function VerifyPage() {
  const { t } = useText();
  const [sentTo, setSentTo] = useState<string | null>(null);
  if (sentTo) {
    return <MailSent title={t('register.sent')} lead={t('verify.resent', { email: sentTo })} />;
  }
  return (
    <MailedLink
      title={t('verify.title')}
      done={t('verify.done')}
      doneLink={{ href: '/login', word: t('login.enter') }}
      open={(token) => must(api.POST('/api/v1/auth/verify-email', { body: { token } }))}
      help={
        <Form
          id="resend"
          action={t('verify.resend')}
          send={async ({ email = '' }) => {
            await must(api.POST('/api/v1/auth/verify-email/resend', { body: { email } }));
            return email;
          }}
          onDone={setSentTo}
        >
          <EmailField />
        </Form>
      }
    />
  );
}
