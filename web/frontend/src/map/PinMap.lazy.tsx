import { lazy, Suspense } from 'react';
import { useText } from '@/i18n/useText';
import { MapBoundary } from './MapBoundary';
import type { PinMapProps } from './PinMap';

const PinMap = lazy(() => import('./PinMap'));

export function LazyPinMap(props: PinMapProps) {
  const { t } = useText();
  return (
    <MapBoundary
      fallback={
        <p className="grid h-full place-items-center p-4 text-center text-muted">
          {t('map.noPin')}
        </p>
      }
    >
      <Suspense fallback={null}>
        <PinMap {...props} />
      </Suspense>
    </MapBoundary>
  );
}
