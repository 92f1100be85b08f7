import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useConfig } from '@/app/config';
import { isOperator, useSession } from '@/app/session';
import { useText } from '@/i18n/useText';
import { Button, buttonClass } from '@/ui/Button';
import { Field } from '@/ui/Field';
import { Notice } from '@/ui/Notice';
import { Page } from '@/ui/Page';

export default function LoginPage() {
  const { t } = useText();
  const { google } = useConfig();
  const { signIn } = useSession();
  const [, go] = useLocation();
  const next = ownPath(new URLSearchParams(useSearch()).get('next'));
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const enter = useMutation({
    mutationFn: () => signIn(email, password),
    onSuccess: (user) => go(next ?? (isOperator(user) ? '/admin/jobs' : '/'), { replace: true }),
  });
  return (
    <Page title={t('login.title')} lead={t('login.lead')} narrow>
      <form
        className="max-w-sm space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          enter.mutate();
        }}
      >
        {enter.error && (
          <Notice tone="bad" alert>
            {enter.error.message}
          </Notice>
        )}
        <Field id="email" label={t('login.email')}>
          {(props) => (
            <input
              {...props}
              type="email"
              autoComplete="username"
              required
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          )}
        </Field>
        <Field id="password" label={t('login.password')}>
          {(props) => (
            <input
              {...props}
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" look="primary" className="w-full" disabled={enter.isPending}>
          {t('login.enter')}
        </Button>
        {google && (
          <a href="/api/v1/auth/google/login" className={`${buttonClass()} w-full`}>
            {t('login.google')}
          </a>
        )}
      </form>
    </Page>
  );
}

/** Only a path of this page may follow the sign-in. */
export function ownPath(next: string | null): string | null {
  return next && /^\/(?![/\\])/.test(next) ? next : null;
}
