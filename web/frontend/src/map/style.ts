import type {
  ExpressionSpecification,
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
} from 'maplibre-gl';
import type { MapColours } from './colours';

export interface StyleConfig {
  /** Address of the PMTiles file, or null to draw the areas' polygons instead. */
  basemap: string | null;
  attribution: string;
  areas: GeoJSON.FeatureCollection;
}

/** Text is drawn from the reader's own fonts: no glyph files. */
const FONT = ['system-ui', 'sans-serif'];
const EMPTY: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };

/** The whole map as a function of colours and configuration. */
export function mapStyle(colours: MapColours, config: StyleConfig): StyleSpecification {
  return {
    version: 8,
    sources: {
      base: baseSource(config),
      labels: labelSource(config.areas),
      shape: { type: 'geojson', data: EMPTY },
      things: { type: 'geojson', data: EMPTY },
      vehicles: { type: 'geojson', data: EMPTY },
      items: {
        type: 'geojson',
        data: EMPTY,
        cluster: true,
        clusterRadius: 44,
        clusterMaxZoom: 13,
      },
      ring: { type: 'geojson', data: EMPTY },
    },
    layers: [...baseLayers(colours, config), ...dataLayers(colours)],
  };
}

function baseSource({ basemap, attribution, areas }: StyleConfig): SourceSpecification {
  return basemap
    ? { type: 'vector', url: `pmtiles://${basemap}`, attribution }
    : { type: 'geojson', data: areas, attribution };
}

/** One name an area, at its centre: polygons cut at tile edges would repeat it. */
function labelSource(areas: GeoJSON.FeatureCollection): SourceSpecification {
  return {
    type: 'geojson',
    data: {
      type: 'FeatureCollection',
      features: areas.features.flatMap((area) => {
        const centre = area.properties?.centroid as [number, number] | undefined;
        return centre
          ? [
              {
                type: 'Feature' as const,
                geometry: { type: 'Point' as const, coordinates: centre },
                properties: { name: area.properties?.name as string },
              },
            ]
          : [];
      }),
    },
  };
}

function baseLayers(c: MapColours, { basemap }: StyleConfig): LayerSpecification[] {
  const from = (layer: string) =>
    basemap ? { source: 'base', 'source-layer': layer } : { source: 'base' };
  const names: LayerSpecification = {
    id: 'labels',
    type: 'symbol',
    source: 'labels',
    layout: {
      'text-field': ['get', 'name'],
      'text-font': FONT,
      'text-size': ['interpolate', ['linear'], ['zoom'], 9, 10.5, 14, 15],
      'text-max-width': 7,
      'text-letter-spacing': 0.03,
      'text-padding': 6,
    },
    paint: { 'text-color': c.muted, 'text-halo-color': c.land, 'text-halo-width': 1.6 },
  };
  const ground: LayerSpecification = {
    id: 'ground',
    type: 'background',
    paint: { 'background-color': c.water },
  };
  if (!basemap) {
    return [
      ground,
      { id: 'land', type: 'fill', ...from(''), paint: { 'fill-color': c.land } },
      { id: 'boroughs', type: 'line', ...from(''), paint: { 'line-color': c.line } },
      names,
    ];
  }
  return [
    ground,
    { id: 'land', type: 'fill', ...from('land'), paint: { 'fill-color': c.land } },
    { id: 'water', type: 'fill', ...from('water'), paint: { 'fill-color': c.water } },
    {
      id: 'boroughs',
      type: 'line',
      ...from('boroughs'),
      paint: {
        'line-color': c.line,
        'line-width': ['interpolate', ['linear'], ['zoom'], 9, 0.7, 14, 1.6],
      },
    },
    {
      id: 'lines',
      type: 'line',
      ...from('lines'),
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        // A black line would be lost on dark land.
        'line-color': ['match', ['get', 'colour'], '#000000', c.muted, ['get', 'colour']],
        'line-opacity': 0.45,
        'line-width': ['interpolate', ['linear'], ['zoom'], 9, 0.9, 14, 3.2],
      },
    },
    {
      id: 'line-names',
      type: 'symbol',
      ...from('lines'),
      minzoom: 12,
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 420,
        'text-field': ['get', 'line'],
        'text-font': FONT,
        'text-size': 11,
      },
      paint: { 'text-color': c.muted, 'text-halo-color': c.land, 'text-halo-width': 1.4 },
    },
    names,
  ];
}

/** The colour of a point by its kind's token. */
export function kindColour(c: MapColours): ExpressionSpecification {
  const pairs = (
    ['report', 'transit', 'bike', 'air', 'weather', 'roadworks', 'event'] as const
  ).flatMap((token) => [token, c[token]]);
  return ['match', ['get', 'colour'], ...pairs, c.news] as unknown as ExpressionSpecification;
}

const dimOld: ExpressionSpecification = ['case', ['get', 'old'], 0.5, 1];

function dataLayers(c: MapColours): LayerSpecification[] {
  return [
    {
      id: 'shape-fill',
      type: 'fill',
      source: 'shape',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': c.accent, 'fill-opacity': 0.14 },
    },
    {
      id: 'shape-line',
      type: 'line',
      source: 'shape',
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': c.accent, 'line-width': 3 },
    },
    {
      id: 'things',
      type: 'circle',
      source: 'things',
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 9, 1.6, 12, 3.6, 13, 8.5, 15, 11],
        'circle-color': ['step', ['zoom'], kindColour(c), 12.8, c.surface],
        'circle-stroke-color': kindColour(c),
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 11, 0, 12.8, 1.6],
        'circle-opacity': dimOld,
        'circle-stroke-opacity': dimOld,
      },
    },
    {
      id: 'thing-values',
      type: 'symbol',
      source: 'things',
      minzoom: 12.8,
      layout: {
        'text-field': ['get', 'label'],
        'text-font': FONT,
        'text-size': 11,
        'text-allow-overlap': true,
      },
      paint: { 'text-color': c.ink },
    },
    {
      id: 'vehicles',
      type: 'symbol',
      source: 'vehicles',
      layout: {
        'icon-image': [
          'case',
          ['get', 'bike'],
          'vehicle-bike',
          ['get', 'heading'],
          'vehicle',
          'vehicle-still',
        ],
        'icon-rotate': ['get', 'bearing'],
        'icon-rotation-alignment': 'map',
        'icon-allow-overlap': true,
        'icon-size': ['interpolate', ['linear'], ['zoom'], 9, 0.5, 13, 0.95],
        'text-field': ['step', ['zoom'], '', 12.5, ['get', 'route']],
        'text-font': FONT,
        'text-size': 11,
        'text-offset': [0, 1.15],
        'text-anchor': 'top',
        'text-optional': true,
      },
      paint: {
        'icon-opacity': dimOld,
        'text-color': c.transit,
        'text-halo-color': c.land,
        'text-halo-width': 1.5,
      },
    },
    {
      id: 'clusters',
      type: 'circle',
      source: 'items',
      filter: ['has', 'point_count'],
      paint: {
        'circle-color': c.ink,
        'circle-radius': [
          'interpolate',
          ['linear'],
          ['get', 'point_count'],
          2,
          10,
          20,
          14,
          200,
          21,
        ],
        'circle-stroke-color': c.land,
        'circle-stroke-width': 2,
      },
    },
    {
      id: 'cluster-counts',
      type: 'symbol',
      source: 'items',
      filter: ['has', 'point_count'],
      layout: {
        'text-field': ['get', 'point_count_abbreviated'],
        'text-font': FONT,
        'text-size': 12,
        'text-allow-overlap': true,
      },
      paint: { 'text-color': c.land },
    },
    {
      id: 'items',
      type: 'circle',
      source: 'items',
      filter: ['!', ['has', 'point_count']],
      paint: {
        'circle-color': kindColour(c),
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 9, 7.5, 13, 10.5],
        'circle-stroke-color': c.surface,
        'circle-stroke-width': 1.6,
        'circle-opacity': dimOld,
      },
    },
    {
      id: 'item-icons',
      type: 'symbol',
      source: 'items',
      filter: ['!', ['has', 'point_count']],
      layout: {
        'icon-image': ['concat', 'glyph-', ['get', 'icon']],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 9, 0.72, 13, 1],
        'icon-allow-overlap': true,
      },
    },
    {
      id: 'ring',
      type: 'circle',
      source: 'ring',
      paint: {
        'circle-radius': 16,
        'circle-color': 'transparent',
        'circle-stroke-color': c.accent,
        'circle-stroke-width': 3,
      },
    },
    // What is chosen may be inside a cluster: it is drawn by itself.
    {
      id: 'ring-item',
      type: 'circle',
      source: 'ring',
      filter: ['get', 'item'],
      paint: {
        'circle-color': kindColour(c),
        'circle-radius': 10.5,
        'circle-stroke-color': c.surface,
        'circle-stroke-width': 1.6,
      },
    },
    {
      id: 'ring-icon',
      type: 'symbol',
      source: 'ring',
      filter: ['get', 'item'],
      layout: { 'icon-image': ['concat', 'glyph-', ['get', 'icon']], 'icon-allow-overlap': true },
    },
  ];
}

/** Layers that answer a click, topmost first. */
export const CLICKABLE = ['items', 'vehicles', 'things'];

/** Every paint property whose value differs between two colour sets, for a change of theme. */
export function repaint(
  style: StyleSpecification,
): { layer: string; property: string; value: unknown }[] {
  return style.layers.flatMap((layer) =>
    Object.entries(layer.paint ?? {})
      .filter(([property]) => property.endsWith('color'))
      .map(([property, value]) => ({ layer: layer.id, property, value })),
  );
}
