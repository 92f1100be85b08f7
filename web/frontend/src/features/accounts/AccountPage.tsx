import type { ReactNode } from 'react';
import { Link, useSearch } from 'wouter';
import { useConfig } from '@/app/config';
import { useSession } from '@/app/session';
import type { User } from '@/api/types';
import { useText } from '@/i18n/useText';
import { buttonClass } from '@/ui/Button';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { Page } from '@/ui/Page';
import { AddressPanel } from './AddressPanel';
import { ApiKeysPanel } from './ApiKeysPanel';
import { ErasePanel } from './ErasePanel';
import { ExportPanel } from './ExportPanel';
import { FilesPanel, maySendFiles } from './FilesPanel';
import { GooglePanel } from './GooglePanel';
import { PasswordPanel } from './PasswordPanel';
import { ProfilePanel } from './ProfilePanel';
import { googleProblem } from './rules';
import { SessionsPanel } from './SessionsPanel';
import { SignInAgain } from './SignInAgain';

/** Everything that a person sees and changes of their own account. */
export default function AccountPage() {
  const { t, day } = useText();
  const { user, known } = useSession();
  const params = new URLSearchParams(useSearch());
  const problem = googleProblem(params);
  if (!known) {
    return (
      <Page title={t('account.title')} narrow>
        <SkeletonRows rows={4} label={t('list.loading')} />
      </Page>
    );
  }
  if (!user) {
    return (
      <Page title={t('account.title')} lead={t('login.needed')} narrow>
        <Link href="/login?next=/account" className={buttonClass('primary')}>
          {t('nav.signIn')}
        </Link>
      </Page>
    );
  }
  return (
    <Page
      title={t('account.title')}
      lead={t('account.lead', { email: user.email, since: day(user.created_at) })}
      narrow
    >
      {params.get('linked') === 'google' && <Notice tone="ok">{t('google.linked')}</Notice>}
      {params.get('proven') === 'google' && <Notice tone="ok">{t('google.proven')}</Notice>}
      {problem && (
        <Notice tone="bad" alert>
          {t(`google.problem.${problem}`)}
        </Notice>
      )}
      <Sections user={user} />
      <SignInAgain user={user} />
    </Page>
  );
}

function Sections({ user }: { user: User }): ReactNode {
  const { google } = useConfig();
  return (
    <>
      {user.erase_at && <ErasePanel user={user} />}
      {user.role === 'partner' && <FilesPanel />}
      <ProfilePanel key={user.name + user.language} user={user} />
      <AddressPanel user={user} />
      <PasswordPanel user={user} />
      {google && <GooglePanel user={user} />}
      <SessionsPanel />
      <ApiKeysPanel />
      {user.role !== 'partner' && maySendFiles(user) && <FilesPanel />}
      <ExportPanel />
      {!user.erase_at && <ErasePanel user={user} />}
    </>
  );
}
