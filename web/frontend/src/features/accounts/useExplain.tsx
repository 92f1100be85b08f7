import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useText } from '@/i18n/useText';
import { kindOf } from './rules';

/** Words for what is asked of who has no password: a sign-in of just now. */
export function useExplain(): (error: unknown) => ReactNode {
  const { t } = useText();
  return (error) =>
    kindOf(error) === 'sign-in-again' && (
      <>
        {t('account.signInAgain')}{' '}
        <Link href="/login?next=/account" className="link">
          {t('nav.signIn')}
        </Link>
      </>
    );
}
