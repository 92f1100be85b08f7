import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, must } from '@/api/client';
import type { User } from '@/api/types';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Notice } from '@/ui/Notice';
import { Panel } from '@/ui/Page';
import { Done } from '@/ui/Done';
import { PasswordField } from './fields';
import { Form } from '@/forms/Form';

export function PasswordPanel({ user }: { user: User }) {
  const { t } = useText();
  return (
    <Panel title={t('login.password')}>
      {user.has_password ? <Change user={user} /> : <First email={user.email} />}
    </Panel>
  );
}

function Change({ user }: { user: User }) {
  const { t } = useText();
  const cache = useQueryClient();
  const [changed, setChanged] = useState(false);
  return (
    <Form
      id="password"
      action={t('account.savePassword')}
      look="plain"
      send={({ current_password = '', new_password = '' }) => {
        setChanged(false);
        return must(
          api.POST('/api/v1/auth/password', { body: { current_password, new_password } }),
        );
      }}
      onDone={(_, form) => {
        form.reset();
        setChanged(true);
        void cache.invalidateQueries({ queryKey: ['sessions'] });
      }}
    >
      {/* For password managers: whose password this is. */}
      <input type="hidden" autoComplete="username" value={user.email} readOnly />
      <PasswordField name="current_password" label={t('account.currentPassword')} />
      <PasswordField name="new_password" label={t('account.newPassword')} fresh />
      <Done shown={changed}>{t('account.passwordChanged')}</Done>
    </Form>
  );
}

/** Who came by Google has no password; the link for a forgotten one sets the first. */
function First({ email }: { email: string }) {
  const { t } = useText();
  const ask = useMutation({
    mutationFn: () => must(api.POST('/api/v1/auth/password-reset', { body: { email } })),
  });
  return (
    <div className="space-y-3">
      <p className="text-muted">{t('account.noPassword')}</p>
      {ask.isError && <Notice tone="bad">{t('account.offline')}</Notice>}
      <Done shown={ask.isSuccess}>{t('reset.sentLead', { email })}</Done>
      {!ask.isSuccess && (
        <Button disabled={ask.isPending} onClick={() => ask.mutate()}>
          {t('account.setPassword')}
        </Button>
      )}
    </div>
  );
}
