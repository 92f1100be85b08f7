import { Marker, type Map as GlMap } from 'maplibre-gl';
import { useEffect, useRef, useState } from 'react';
import type { Area, City } from '@/api/types';
import type { Theme } from '@/app/theme';
import { useText } from '@/i18n/useText';
import { useEvent } from '@/ui/useEvent';
import { readColours } from './colours';
import { createMap } from './create';

interface Place {
  lon: number;
  lat: number;
}

export interface PinMapProps {
  city: City;
  areas: Area[];
  basemap: string | null;
  theme: Theme;
  place: Place | null;
  onPlace: (place: Place) => void;
}

/** A small map with one pin: click to set it, drag to move it. */
export default function PinMap({ city, areas, basemap, theme, place, onPlace }: PinMapProps) {
  const { t } = useText();
  const box = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<GlMap | null>(null);
  const marker = useRef<Marker | null>(null);
  const put = useEvent(onPlace);
  const title = t('map.pinTitle');

  useEffect(() => {
    if (!box.current) return;
    const made = createMap(box.current, { city, areas, basemap, title, hash: false });
    made.on('click', ({ lngLat }) => put({ lon: lngLat.lng, lat: lngLat.lat }));
    made.on('load', () => setMap(made));
    made.once('idle', () => (document.documentElement.dataset.map = 'ready'));
    return () => {
      delete document.documentElement.dataset.map;
      marker.current = null;
      made.remove();
    };
    // The theme is read from the page when the map is made: a change makes it anew.
  }, [city, areas, basemap, title, theme, put]);

  const lon = place?.lon;
  const lat = place?.lat;
  useEffect(() => {
    if (!map) return;
    if (lon === undefined || lat === undefined) {
      marker.current?.remove();
      marker.current = null;
      return;
    }
    if (!marker.current) {
      const made = new Marker({ color: readColours().report, draggable: true })
        .setLngLat([lon, lat])
        .addTo(map);
      made.on('dragend', () => {
        const at = made.getLngLat();
        put({ lon: at.lng, lat: at.lat });
      });
      marker.current = made;
    }
    marker.current.setLngLat([lon, lat]);
    if (!map.getBounds().contains([lon, lat]) || map.getZoom() < 12) {
      map.jumpTo({ center: [lon, lat], zoom: Math.max(13.5, map.getZoom()) });
    }
  }, [map, lon, lat, put]);

  return <div ref={box} className="size-full" />;
}
