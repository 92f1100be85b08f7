import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { onSignInAgain } from '@/api/again';
import { api, must } from '@/api/client';
import { ApiError } from '@/api/problem';
import type { User } from '@/api/types';
import { useConfig } from '@/app/config';
import { useSession } from '@/app/session';
import { Form } from '@/forms/Form';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { DialogFrame } from '@/ui/Dialog';
import { Notice } from '@/ui/Notice';
import { PasswordField } from './fields';
import { GoogleSign } from './GoogleSign';

type Answer = (isProven: boolean) => void;

/** Asks who sits here to prove who they are, before an act that asks for it; then the act goes on. */
export function SignInAgain({ user }: { user: User }) {
  const { t } = useText();
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => onSignInAgain(() => new Promise((done) => setAnswer(() => done))), []);
  // Who leaves the page leaves the question unanswered.
  useEffect(() => () => answer?.(false), [answer]);
  if (!answer) return null;
  const end: Answer = (isProven) => {
    setAnswer(null);
    answer(isProven);
  };
  return (
    <DialogFrame title={t('again.title')} onClose={() => end(false)}>
      {user.has_password ? (
        <ByPassword user={user} onEnd={end} />
      ) : (
        <ByGoogle onLeave={() => end(false)} />
      )}
    </DialogFrame>
  );
}

function ByPassword({ user, onEnd }: { user: User; onEnd: Answer }) {
  const { t } = useText();
  const { signIn } = useSession();
  const cache = useQueryClient();
  return (
    <>
      <p className="text-muted">{t('again.lead', { email: user.email })}</p>
      <Form
        id="again"
        action={t('again.confirm')}
        send={({ password = '' }) => signIn(user.email, password).catch(atTheField)}
        onDone={() => {
          void cache.invalidateQueries({ queryKey: ['sessions'] });
          onEnd(true);
        }}
        onLeave={() => onEnd(false)}
      >
        {/* For password managers: whose password this is. */}
        <input type="hidden" autoComplete="username" value={user.email} readOnly />
        <PasswordField />
      </Form>
      <p className="text-xs">
        <Link href="/reset" className="link">
          {t('login.forgot')}
        </Link>
      </p>
    </>
  );
}

/** Only the password can be wrong here, which the sign-in does not say. */
function atTheField(error: unknown): never {
  if (!(error instanceof ApiError) || error.status !== 401) throw error;
  const { message } = error;
  throw new ApiError(422, { errors: [{ field: 'password', rule: 'wrong', message }] });
}

/** The page is left and comes back, so what was asked for must be asked for once more. */
function ByGoogle({ onLeave }: { onLeave: () => void }) {
  const { t } = useText();
  const { google } = useConfig();
  const go = useMutation({
    mutationFn: () => must(api.POST('/api/v1/auth/google/prove')),
    onSuccess: ({ url }) => location.assign(url),
  });
  return (
    <>
      <p className="text-muted">{t(google ? 'again.googleLead' : 'again.noWay')}</p>
      {go.error && (
        <Notice tone="bad" alert>
          {go.error.message}
        </Notice>
      )}
      <div className="flex flex-wrap gap-2">
        {google && (
          <Button disabled={go.isPending || go.isSuccess} onClick={() => go.mutate()}>
            <GoogleSign /> {t('again.google')}
          </Button>
        )}
        <Button look="quiet" onClick={onLeave}>
          {t('reason.leave')}
        </Button>
      </div>
    </>
  );
}
