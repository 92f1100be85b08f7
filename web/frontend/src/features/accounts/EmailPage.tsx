import { Link } from 'wouter';
import { api, must } from '@/api/client';
import { useSession } from '@/app/session';
import { useText } from '@/i18n/useText';
import { buttonClass } from '@/ui/Button';
import { MailedLink } from './MailedLink';

/** The link that was mailed to a new address leads here. */
export default function EmailPage() {
  const { t } = useText();
  const { user, update } = useSession();
  const confirm = async (token: string) => {
    await must(api.POST('/api/v1/auth/email/confirm', { body: { token } }));
    if (user) update(await must(api.GET('/api/v1/auth/me')));
  };
  return (
    <MailedLink
      title={t('email.title')}
      done={t('email.done')}
      doneLink={
        user
          ? { href: '/account', word: t('account.title') }
          : { href: '/login', word: t('login.enter') }
      }
      open={confirm}
      help={
        <Link href="/account" className={buttonClass()}>
          {t('email.again')}
        </Link>
      }
    />
  );
}
