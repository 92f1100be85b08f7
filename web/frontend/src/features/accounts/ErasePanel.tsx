import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, must } from '@/api/client';
import type { User } from '@/api/types';
import { useSession } from '@/app/session';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Notice } from '@/ui/Notice';
import { Panel } from '@/ui/Page';
import { PasswordField } from './fields';
import { Form } from '@/forms/Form';
import { useExplain } from './useExplain';

/** The account goes for good, after a while in which it can be taken back. */
export function ErasePanel({ user }: { user: User }) {
  const { t } = useText();
  const { update } = useSession();
  const [asked, setAsked] = useState(false);
  const explain = useExplain();
  if (user.erase_at) return <Waiting user={user} eraseAt={user.erase_at} />;
  return (
    <Panel title={t('erase.title')}>
      <div className="space-y-4">
        <p className="text-muted">{t('erase.lead')}</p>
        {asked ? (
          <Form
            id="erase"
            action={t('erase.confirm')}
            look="danger"
            send={({ password }) =>
              must(api.POST('/api/v1/auth/erase', { body: password ? { password } : {} }))
            }
            onDone={({ erase_at }) => update({ ...user, erase_at })}
            onLeave={() => setAsked(false)}
            explain={explain}
          >
            {user.has_password && <PasswordField label={t('account.currentPassword')} />}
          </Form>
        ) : (
          <Button look="danger" onClick={() => setAsked(true)}>
            {t('erase.ask')}
          </Button>
        )}
      </div>
    </Panel>
  );
}

function Waiting({ user, eraseAt }: { user: User; eraseAt: string }) {
  const { t, moment } = useText();
  const { update } = useSession();
  const keep = useMutation({
    mutationFn: () => must(api.DELETE('/api/v1/auth/erase')),
    onSuccess: async () => update(await must(api.GET('/api/v1/auth/me'))),
  });
  return (
    <Notice
      tone="warn"
      alert
      action={
        <Button small look="primary" disabled={keep.isPending} onClick={() => keep.mutate()}>
          {t('erase.keep')}
        </Button>
      }
    >
      <p className="font-medium">{t('erase.waiting', { at: moment(eraseAt) })}</p>
      <p className="text-muted">
        {keep.error ? keep.error.message : t('erase.waitingHint', { email: user.email })}
      </p>
    </Notice>
  );
}
