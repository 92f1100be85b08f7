import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';

/** Shown when not even /config.json can be read and nothing was kept from before. */
export function StartFailed() {
  const { t } = useText();
  return (
    <main className="grid min-h-dvh place-items-center p-6 text-center">
      <div>
        <h1 className="text-xl font-semibold">{t('error.start')}</h1>
        <p className="mt-1 text-muted">{t('error.startHint')}</p>
        <Button className="mt-4" onClick={() => location.reload()}>
          {t('error.again')}
        </Button>
      </div>
    </main>
  );
}
