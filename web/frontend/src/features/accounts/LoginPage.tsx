import { useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { ApiError } from '@/api/problem';
import { useConfig } from '@/app/config';
import { useSession } from '@/app/session';
import { useText } from '@/i18n/useText';
import { buttonClass } from '@/ui/Button';
import { Notice } from '@/ui/Notice';
import { Page } from '@/ui/Page';
import { EmailField, PasswordField } from './fields';
import { Form } from '@/forms/Form';
import { GoogleSign } from './GoogleSign';
import { ResendNotice } from './Resend';
import { googleProblem, homeOf, kindOf, ownPath } from './rules';

export default function LoginPage() {
  const { t } = useText();
  const { google } = useConfig();
  const { signIn } = useSession();
  const [, go] = useLocation();
  const params = new URLSearchParams(useSearch());
  const next = ownPath(params.get('next'));
  const problem = googleProblem(params);
  const [unverified, setUnverified] = useState('');
  return (
    <Page title={t('login.title')} lead={t('login.lead')} narrow="form">
      {problem && (
        <Notice tone="bad" alert>
          {t(`login.problem.${problem}`)}
        </Notice>
      )}
      {unverified && <ResendNotice email={unverified} />}
      <Form
        id="login"
        action={t('login.enter')}
        wide
        send={({ email = '', password = '' }) => {
          setUnverified('');
          return signIn(email, password).catch((error: unknown) => {
            if (kindOf(error) === 'email-not-verified') setUnverified(email);
            throw error;
          });
        }}
        onDone={(user) => go(next ?? homeOf(user.role), { replace: true })}
        explain={(error) => {
          if (kindOf(error) === 'email-not-verified') return t('login.unverified');
          return error instanceof ApiError && error.status === 401 ? t('login.wrong') : undefined;
        }}
      >
        <EmailField autoComplete="username" />
        <div className="space-y-1.5">
          <PasswordField />
          <p className="text-right text-xs">
            <Link href="/reset" className="link">
              {t('login.forgot')}
            </Link>
          </p>
        </div>
      </Form>
      {google && (
        <>
          <p className="flex items-center gap-3 text-xs text-muted before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
            {t('login.or')}
          </p>
          <a
            href={`/api/v1/auth/google?next=${encodeURIComponent(next ?? '/')}`}
            className={`${buttonClass()} w-full`}
          >
            <GoogleSign /> {t('login.google')}
          </a>
        </>
      )}
      <p className="border-t border-line pt-4 text-muted">
        {t('login.noAccount')}{' '}
        <Link href="/register" className="link">
          {t('login.register')}
        </Link>
      </p>
    </Page>
  );
}
