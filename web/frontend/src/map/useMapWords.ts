import { useMemo } from 'react';
import { useText } from '@/i18n/useText';
import type { MapWords } from './create';

/** What a map of this title and its buttons are called in the reader's language. */
export function useMapWords(title: 'map.title' | 'map.pinTitle'): MapWords {
  const { t } = useText();
  return useMemo(
    () => ({
      title: t(title),
      zoomIn: t('map.zoomIn'),
      zoomOut: t('map.zoomOut'),
      credits: t('map.credits'),
    }),
    [t, title],
  );
}
