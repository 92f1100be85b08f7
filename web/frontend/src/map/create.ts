import {
  AttributionControl,
  Map as GlMap,
  NavigationControl,
  addProtocol,
  setWorkerUrl,
} from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
// The worker must be bundled as one (`?worker`), or production answers 404 and draws no tile.
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { Protocol } from 'pmtiles';
import type { Area, City } from '@/api/types';
import { readColours } from './colours';
import { mapStyle, type StyleConfig } from './style';

setWorkerUrl(workerUrl);
addProtocol('pmtiles', new Protocol().tile);

const ATTRIBUTION_SHOWN_MS = 6_000;
/** On a map narrower than this it would hide what is there to be looked at: it is folded at once. */
const ROOM_FOR_ATTRIBUTION_PX = 640;

export const calm = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;

/** What the map and its buttons are called. */
export interface MapWords {
  title: string;
  zoomIn: string;
  zoomOut: string;
  credits: string;
}

export interface MapOptions {
  city: City;
  areas: Area[];
  basemap: string | null;
  words: MapWords;
  /** Keep the view in the address as `#map=zoom/lat/lon`. */
  hash: boolean;
}

export function createMap(container: HTMLElement, options: MapOptions): GlMap {
  const { city, areas, basemap, words, hash } = options;
  const [w, s, e, n] = city.bounds as [number, number, number, number];
  const margin = { x: (e - w) * 0.35, y: (n - s) * 0.35 };
  const map = new GlMap({
    container,
    style: mapStyle(readColours(), styleConfig(city, areas, basemap)),
    center: city.center as [number, number],
    zoom: city.zoom,
    minZoom: 8,
    maxZoom: 15,
    maxBounds: [w - margin.x, s - margin.y, e + margin.x, n + margin.y],
    hash: hash ? 'map' : false,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: calm() ? 0 : 150,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new AttributionControl({ compact: true }), 'bottom-right');
  nameControls(map, words);
  // Shown at first, then folded into its button, as OpenStreetMap's guidelines allow.
  const fold = () =>
    container
      .querySelector('.maplibregl-compact-show')
      ?.classList.remove('maplibregl-compact-show');
  if (container.clientWidth < ROOM_FOR_ATTRIBUTION_PX) map.once('load', fold);
  map.once('idle', () => window.setTimeout(fold, ATTRIBUTION_SHOWN_MS));
  return map;
}

/** Call the map and its buttons by words of the reader's language, also when that has changed. */
export function nameControls(map: GlMap, words: MapWords): void {
  const named = (selector: string) => map.getContainer().querySelector<HTMLElement>(selector);
  map.getCanvas().setAttribute('aria-label', words.title);
  for (const [selector, word] of [
    ['.maplibregl-ctrl-zoom-in', words.zoomIn],
    ['.maplibregl-ctrl-zoom-out', words.zoomOut],
    ['.maplibregl-ctrl-attrib-button', words.credits],
  ] as const) {
    named(selector)?.setAttribute('aria-label', word);
    named(selector)?.setAttribute('title', word);
  }
}

export function styleConfig(city: City, areas: Area[], basemap: string | null): StyleConfig {
  const attribution = city.attribution
    .map(({ text, url }) =>
      url ? `<a href="${encodeURI(url)}" rel="noopener">${plain(text)}</a>` : plain(text),
    )
    .join(' · ');
  return {
    basemap,
    attribution,
    areas: { type: 'FeatureCollection', features: areas as unknown as GeoJSON.Feature[] },
  };
}

function plain(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
