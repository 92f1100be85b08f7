import { useSyncExternalStore } from 'react';
import { useText } from '@/i18n/useText';
import { useLive, useLiveState } from '@/live/useLive';
import { Icon } from '@/ui/Icon';

function subscribe(listener: () => void): () => void {
  window.addEventListener('online', listener);
  window.addEventListener('offline', listener);
  return () => {
    window.removeEventListener('online', listener);
    window.removeEventListener('offline', listener);
  };
}

/** When the stream is lost, the page says from when its data is. */
export function AgeNotice({ at, zone }: { at: number; zone?: string }) {
  const { t, clock } = useText();
  const live = useLiveState();
  const { wasLive } = useLive();
  const online = useSyncExternalStore(subscribe, () => navigator.onLine);
  const isSilent = live === 'live' || live === 'paused' || (live === 'connecting' && at === 0);
  const why = !online ? 'live.offline' : wasLive ? 'live.reconnecting' : 'live.connectingMeans';
  return (
    <div
      className={
        isSilent
          ? undefined
          : 'flex items-center gap-2 border-b border-line bg-bg px-4 py-2 text-xs text-muted'
      }
    >
      {!isSilent && <Icon name="refresh" size={14} />}
      {/* Always there, so that what is put into it is said; the time beside it goes on unsaid. */}
      <span role="status">{!isSilent && t(why)}</span>
      {!isSilent && at > 0 && (
        <span className="tnum">{t('live.asOf', { time: clock(at, zone) })}</span>
      )}
    </div>
  );
}
