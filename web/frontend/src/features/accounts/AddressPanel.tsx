import { useState } from 'react';
import { api, must } from '@/api/client';
import type { User } from '@/api/types';
import { useText } from '@/i18n/useText';
import { Panel } from '@/ui/Page';
import { Done } from '@/ui/Done';
import { EmailField, PasswordField } from './fields';
import { Form } from '@/forms/Form';
import { useExplain } from './useExplain';

/** Another address: it changes once the link mailed there was opened. */
export function AddressPanel({ user }: { user: User }) {
  const { t } = useText();
  const explain = useExplain();
  const [sentTo, setSentTo] = useState('');
  return (
    <Panel title={t('account.address')}>
      <p className="mb-4 text-muted">{t('account.addressLead', { email: user.email })}</p>
      <Form
        id="address"
        action={t('account.changeAddress')}
        look="plain"
        send={async ({ email = '', password }) => {
          setSentTo('');
          await must(api.POST('/api/v1/auth/email', { body: { email, password } }));
          return email;
        }}
        onDone={(email, form) => {
          form.reset();
          setSentTo(email);
        }}
        explain={explain}
      >
        <EmailField label={t('account.newAddress')} />
        {user.has_password && <PasswordField label={t('account.currentPassword')} />}
        <Done shown={sentTo !== ''}>{t('account.addressSent', { email: sentTo })}</Done>
      </Form>
    </Panel>
  );
}
