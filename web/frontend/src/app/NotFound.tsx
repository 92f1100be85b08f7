import { Link } from 'wouter';
import { useText } from '@/i18n/useText';
import { Page } from '@/ui/Page';

export default function NotFound() {
  const { t } = useText();
  return (
    <Page title={t('notFound.title')} lead={t('notFound.lead')} narrow>
      <Link href="/" className="text-accent underline underline-offset-2">
        {t('notFound.home')}
      </Link>
    </Page>
  );
}
