import { useMutation } from '@tanstack/react-query';
import { api, must } from '@/api/client';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Notice } from '@/ui/Notice';

/** For who has not opened the link yet: it can be sent once more. */
export function ResendNotice({ email }: { email: string }) {
  const { t } = useText();
  const resend = useMutation({
    mutationFn: () => must(api.POST('/api/v1/auth/verify-email/resend', { body: { email } })),
  });
  return (
    <Notice
      tone={resend.isSuccess ? 'ok' : resend.isError ? 'bad' : 'info'}
      action={
        !resend.isSuccess && (
          <Button small disabled={resend.isPending} onClick={() => resend.mutate()}>
            {t('verify.resend')}
          </Button>
        )
      }
    >
      <span role="status">
        {resend.isError
          ? t('account.offline')
          : t(resend.isSuccess ? 'verify.resent' : 'verify.noMail', { email })}
      </span>
    </Notice>
  );
}
