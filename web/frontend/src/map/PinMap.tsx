import { Marker, type Map as GlMap } from 'maplibre-gl';
import { useEffect, useRef, useState } from 'react';
import type { Area, City } from '@/api/types';
import type { Theme } from '@/app/theme';
import { useText } from '@/i18n/useText';
import { useEvent } from '@/ui/useEvent';
import { readColours } from './colours';
import { createMap, nameControls } from './create';
import { offsetOf, zoomOf } from './keys';
import { useMapWords } from './useMapWords';

/** Nearer than this to the edge of the map the pin would go out of sight. */
const EDGE_PX = 24;
const AIMING = 0.6;

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
  /** Where the keyboard has moved the pin to, without having set it. */
  aim: Place | null;
  /** The id of what says how the keyboard moves it. */
  describedBy: string;
  onPlace: (place: Place) => void;
  onAim: (place: Place | null) => void;
}

/** A small map with one pin: click to set it, drag to move it; or move it by the arrows, and set it by Enter. */
export default function PinMap(props: PinMapProps) {
  const { city, areas, basemap, theme, place, aim, describedBy } = props;
  const { t } = useText();
  const box = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<GlMap | null>(null);
  const marker = useRef<Marker | null>(null);
  const words = useMapWords('map.pinTitle');
  const put = useEvent((at: Place) => {
    props.onAim(null);
    props.onPlace(at);
  });
  const leave = useEvent(() => props.onAim(null));
  const press = useEvent((made: GlMap, event: KeyboardEvent) => {
    const done = pressed(made, event, { place, aim, put, onAim: props.onAim });
    if (done) event.preventDefault();
  });
  const create = useEvent((container: HTMLElement) =>
    createMap(container, { city, areas, basemap, words, hash: false }),
  );

  useEffect(() => {
    if (!box.current) return;
    const made = create(box.current);
    made.keyboard.disable(); // its arrows would move the map below the pin
    made.getCanvas().addEventListener('keydown', (event) => press(made, event));
    made.getCanvas().addEventListener('blur', leave);
    made.on('click', ({ lngLat }) => put({ lon: lngLat.lng, lat: lngLat.lat }));
    made.on('load', () => setMap(made));
    made.once('idle', () => (document.documentElement.dataset.map = 'ready'));
    return () => {
      delete document.documentElement.dataset.map;
      marker.current = null;
      made.remove();
    };
    // The theme is read from the page when the map is made: a change makes it anew.
  }, [city, areas, basemap, theme, create, press, leave, put]);

  useEffect(() => {
    if (!map) return;
    nameControls(map, words);
    // Its keys are its own: a screen reader hands them on.
    map.getCanvas().setAttribute('role', 'application');
    map.getCanvas().setAttribute('aria-describedby', describedBy);
  }, [map, words, describedBy]);

  const shown = aim ?? place;
  const lon = shown?.lon;
  const lat = shown?.lat;
  const isAiming = aim !== null;
  useEffect(() => {
    if (!map) return;
    if (lon === undefined || lat === undefined) {
      marker.current?.remove();
      marker.current = null;
      return;
    }
    if (!marker.current) {
      const made = new Marker({ color: readColours().report, draggable: true });
      made.getElement().setAttribute('aria-label', t('map.pin'));
      made.setLngLat([lon, lat]).addTo(map);
      made.on('dragend', () => {
        const at = made.getLngLat();
        put({ lon: at.lng, lat: at.lat });
      });
      marker.current = made;
    }
    marker.current.setLngLat([lon, lat]);
    marker.current.setOpacity(String(isAiming ? AIMING : 1));
    if (isAiming) return keepInSight(map, lon, lat);
    if (!map.getBounds().contains([lon, lat]) || map.getZoom() < 12) {
      map.jumpTo({ center: [lon, lat], zoom: Math.max(13.5, map.getZoom()) });
    }
  }, [map, lon, lat, isAiming, put, t]);

  return <div ref={box} className="size-full" />;
}

interface Pin {
  place: Place | null;
  aim: Place | null;
  put: (place: Place) => void;
  onAim: (place: Place | null) => void;
}

/** Do what a key asks for; false when it asks for nothing here. */
function pressed(map: GlMap, event: KeyboardEvent, { place, aim, put, onAim }: Pin): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  const { lng, lat } = map.getCenter();
  const at = aim ?? place ?? { lon: lng, lat };
  const offset = offsetOf(event.key, event.shiftKey);
  const levels = zoomOf(event.key);
  if (offset) {
    const { x, y } = map.project([at.lon, at.lat]);
    const moved = map.unproject([x + offset[0], y + offset[1]]);
    onAim({ lon: moved.lng, lat: moved.lat });
  } else if (levels !== 0) {
    map.jumpTo({ center: [at.lon, at.lat], zoom: map.getZoom() + levels });
  } else if (event.key === 'Enter') {
    put(at);
  } else if (event.key === 'Escape' && aim) {
    onAim(null);
  } else {
    return false;
  }
  return true;
}

function keepInSight(map: GlMap, lon: number, lat: number): void {
  const { x, y } = map.project([lon, lat]);
  const { clientWidth, clientHeight } = map.getContainer();
  const nearest = Math.min(x, y, clientWidth - x, clientHeight - y);
  if (nearest < EDGE_PX) map.jumpTo({ center: [lon, lat] });
}
