import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import type { User } from '@/api/types';
import { useText } from '@/i18n/useText';
import { useTopic } from '@/live/useLive';
import { buttonClass } from '@/ui/Button';
import { Page } from '@/ui/Page';
import { isOperator, isStaff, useSession } from './session';

interface Props {
  title: string;
  children: ReactNode;
}

/** Pages of admins and ops. The server decides; this only says so before asking. */
export function OperatorOnly({ children, ...props }: Props) {
  return (
    <Only {...props} may={isOperator}>
      <Followed>{children}</Followed>
    </Only>
  );
}

/** Pages of those who handle reports. */
export function StaffOnly(props: Props) {
  return <Only {...props} may={isStaff} />;
}

/** Pages of admins alone. */
export function AdminOnly({ children, ...props }: Props) {
  return (
    <Only {...props} may={(user) => user?.role === 'admin'}>
      <Followed>{children}</Followed>
    </Only>
  );
}

function Only({ title, children, may }: Props & { may: (user: User | null) => boolean }) {
  const { t } = useText();
  const { user, known } = useSession();
  const [path] = useLocation();
  if (!known) return null;
  if (may(user)) return children;
  return (
    <Page title={title} lead={t(user ? 'login.notAllowed' : 'login.needed')} narrow>
      {!user && (
        <Link href={`/login?next=${encodeURIComponent(path)}`} className={buttonClass('primary')}>
          {t('nav.signIn')}
        </Link>
      )}
    </Page>
  );
}

function Followed({ children }: { children: ReactNode }) {
  useTopic('ops');
  return children;
}
