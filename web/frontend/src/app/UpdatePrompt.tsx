import { useRegisterSW } from 'virtual:pwa-register/react';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';

/** A newer page waits: taken when the reader says so, never under their hands. */
export default function UpdatePrompt() {
  const { t } = useText();
  const {
    needRefresh: [waiting, setWaiting],
    updateServiceWorker,
  } = useRegisterSW();
  if (!waiting) return null;
  return (
    <div
      role="status"
      className="fixed bottom-4 left-4 z-40 flex items-center gap-3 rounded-md border border-control bg-surface px-4 py-2.5 shadow-lg"
    >
      {t('update.waiting')}
      <Button small look="primary" onClick={() => void updateServiceWorker(true)}>
        {t('update.take')}
      </Button>
      <Button small look="quiet" onClick={() => setWaiting(false)}>
        {t('update.later')}
      </Button>
    </div>
  );
}
