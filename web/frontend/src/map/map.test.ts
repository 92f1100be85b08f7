import { describe, expect, it, vi } from 'vitest';
import type { GeoJSONSource } from 'maplibre-gl';
import { feature, report, thing, vehicle } from '../../tests/samples';
import type { MapColours } from './colours';
import { itemPoints, thingPoints } from './geojson';
import { mapStyle, repaint } from './style';
import { VehicleLayer, between } from './vehicles';

const colours = new Proxy({} as MapColours, { get: (_, token) => `#${String(token)}` });
const areas: GeoJSON.FeatureCollection = {
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      geometry: { type: 'Polygon', coordinates: [] },
      properties: { name: 'Camden', centroid: [-0.14, 51.54] },
    },
  ],
};
const config = { basemap: 'https://city.example/basemaps/london.pmtiles', attribution: 'x', areas };

describe('mapStyle', () => {
  it('needs no glyph or sprite file', () => {
    const style = mapStyle(colours, config);

    expect(style.glyphs).toBeUndefined();
    expect(style.sprite).toBeUndefined();
  });

  it('reads the basemap by range from the same origin, with its attribution', () => {
    expect(mapStyle(colours, config).sources.base).toMatchObject({
      type: 'vector',
      url: 'pmtiles://https://city.example/basemaps/london.pmtiles',
      attribution: 'x',
    });
  });

  it('draws the areas where there is no basemap', () => {
    const style = mapStyle(colours, { ...config, basemap: null });

    expect(style.sources.base).toMatchObject({ type: 'geojson' });
    expect(style.layers.some((layer) => 'source-layer' in layer)).toBe(false);
  });

  it('names each area once, at its centre', () => {
    const { labels } = mapStyle(colours, config).sources;

    expect(labels).toMatchObject({
      data: {
        features: [{ geometry: { coordinates: [-0.14, 51.54] }, properties: { name: 'Camden' } }],
      },
    });
  });

  it('clusters what happens, and never the vehicles', () => {
    const { items, vehicles } = mapStyle(colours, config).sources;

    expect(items).toMatchObject({ cluster: true });
    expect(vehicles).not.toHaveProperty('cluster');
  });

  it('can be repainted colour by colour', () => {
    const paints = repaint(mapStyle(colours, config));

    expect(paints).toContainEqual({ layer: 'land', property: 'fill-color', value: '#land' });
    expect(paints.every(({ property }) => property.endsWith('color'))).toBe(true);
  });
});

describe('points', () => {
  it('leave out what has no place', () => {
    const points = itemPoints(
      [feature(), feature({ id: 'f-2', lat: null })],
      [report({ lon: null })],
    );

    expect(points.features.map((point) => point.id)).toEqual(['feature:f-1']);
  });

  it('dim what is old', () => {
    expect(itemPoints([feature({ freshness: 'dead' })], []).features[0]?.properties?.old).toBe(
      true,
    );
  });

  it('show a missing value as missing, not as zero', () => {
    const [stream] = thing().datastreams;
    const silent = thing({ datastreams: stream ? [{ ...stream, result: null }] : [] });

    expect(thingPoints([silent]).features[0]?.properties?.label).toBe('–');
  });
});

describe('VehicleLayer', () => {
  it('draws a vehicle between two places while it moves', () => {
    expect(between([0, 0], [2, 4], 0.5)).toEqual([1, 2]);
    expect(between([0, 0], [2, 4], 7)).toEqual([2, 4]);
  });

  it('adds, moves and removes by difference, and never sets the whole source', async () => {
    const updateData = vi.fn(() => Promise.resolve());
    const source = { updateData } as unknown as GeoJSONSource;
    const layer = new VehicleLayer(source, () => true);
    layer.show([vehicle(), vehicle({ id: 'v-2' })]);
    expect(updateData).toHaveBeenLastCalledWith({
      add: [expect.anything(), expect.anything()],
      remove: [],
    });

    layer.show([vehicle({ lon: -0.3 })]);
    expect(updateData).toHaveBeenLastCalledWith({ add: [], remove: ['vehicle:v-2'] });
    await vi.waitFor(() => {
      expect(updateData).toHaveBeenLastCalledWith({
        add: [expect.objectContaining({ geometry: { type: 'Point', coordinates: [-0.3, 51.5] } })],
      });
    });
    layer.stop();
  });

  it('draws nothing anew when vehicles are only confirmed', () => {
    const updateData = vi.fn(() => Promise.resolve());
    const frame = vi.spyOn(window, 'requestAnimationFrame');
    const layer = new VehicleLayer({ updateData } as unknown as GeoJSONSource, () => true);
    layer.show([vehicle()]);
    layer.show([vehicle({ times: { ...vehicle().times, fetched_at: '2026-03-01T12:05:00Z' } })]);

    expect(updateData).toHaveBeenCalledTimes(1);
    expect(frame).not.toHaveBeenCalled();
    frame.mockRestore();
  });

  it('asks once a picture, not once a vehicle, whether motion is wanted', () => {
    const still = vi.fn(() => true);
    const source = { updateData: () => Promise.resolve() } as unknown as GeoJSONSource;
    const layer = new VehicleLayer(source, still);
    const all = Array.from({ length: 100 }, (_, n) => vehicle({ id: `v-${n}` }));
    layer.show(all);
    layer.show(all.map((one) => ({ ...one, lon: one.lon + 0.01 })));
    layer.stop();

    expect(still).toHaveBeenCalledTimes(2);
  });
});
