import type { GeoJSONSource, Map as GlMap, MapMouseEvent } from 'maplibre-gl';
import { useEffect, useRef, useState } from 'react';
import type { Area, City, Feature, Report, Thing, Vehicle } from '@/api/types';
import type { Theme } from '@/app/theme';
import { ITEM_KINDS, look, type ItemKind } from '@/ui/kinds';
import { useEvent } from '@/ui/useEvent';
import { readColours } from './colours';
import { itemPoints, thingPoints, type Ref } from './geojson';
import { putImages } from './images';
import { calm, createMap, nameControls, styleConfig } from './create';
import { CLICKABLE, mapStyle, repaint } from './style';
import { useMapWords } from './useMapWords';
import { VehicleLayer } from './vehicles';

export interface Shown {
  lon: number;
  lat: number;
  kind: string;
  geometry?: GeoJSON.Geometry | null;
}

export interface CityMapProps {
  city: City;
  areas: Area[];
  basemap: string | null;
  theme: Theme;
  features: Feature[];
  reports: Report[];
  vehicles: Vehicle[];
  things: Thing[];
  selected: Shown | null;
  hovered: Shown | null;
  onSelect: (ref: Ref) => void;
}

const EASED_FROM_ZOOM = 11.5;

export default function CityMap(props: CityMapProps) {
  const { city, areas, basemap, theme, features, reports, vehicles, things } = props;
  const words = useMapWords('map.title');
  const box = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<GlMap | null>(null);
  // Until the first full picture, vehicles stand: a map that never rests is never ready.
  const [ready, setReady] = useState(false);
  const select = useEvent((ref: Ref) => props.onSelect(ref));
  const create = useEvent((container: HTMLElement) =>
    createMap(container, { city, areas, basemap, words, hash: true }),
  );

  useEffect(() => {
    if (!box.current) return;
    const made = create(box.current);
    made.on('load', () => {
      putImages(made, readColours());
      setMap(made);
    });
    made.on('styleimagemissing', () => putImages(made, readColours()));
    made.once('load', () =>
      made.once('idle', () => {
        document.documentElement.dataset.map = 'ready';
        setReady(true);
      }),
    );
    made.on('click', (event) => clicked(made, event, select));
    for (const layer of [...CLICKABLE, 'clusters']) {
      made.on('mouseenter', layer, () => (made.getCanvas().style.cursor = 'pointer'));
      made.on('mouseleave', layer, () => (made.getCanvas().style.cursor = ''));
    }
    return () => {
      delete document.documentElement.dataset.map;
      setMap(null);
      setReady(false);
      made.remove();
    };
  }, [city.slug, basemap, create, select]);

  useEffect(() => {
    if (!map) return;
    const colours = readColours();
    const style = mapStyle(colours, styleConfig(city, areas, basemap));
    for (const { layer, property, value } of repaint(style)) {
      map.setPaintProperty(layer, property as never, value as never);
    }
    putImages(map, colours);
  }, [map, theme, city, areas, basemap]);

  useEffect(() => {
    if (map) nameControls(map, words);
  }, [map, words]);

  useThrottled(map, 'items', 1_000, () => itemPoints(features, reports), [features, reports]);
  useThrottled(map, 'things', 2_000, () => thingPoints(things), [things]);
  useVehicles(map, vehicles, ready);
  useSelection(map, props.selected, props.hovered);

  return <div ref={box} className="size-full" data-testid="map" />;
}

function clicked(map: GlMap, event: MapMouseEvent, select: (ref: Ref) => void): void {
  const { x, y } = event.point;
  // A finger is wider than a point.
  const near: [[number, number], [number, number]] = [
    [x - 6, y - 6],
    [x + 6, y + 6],
  ];
  const cluster = map.queryRenderedFeatures(near, { layers: ['clusters'] })[0];
  if (cluster) return void openCluster(map, cluster);
  const hit = CLICKABLE.flatMap((layer) => map.queryRenderedFeatures(near, { layers: [layer] }))[0];
  if (hit) select(hit.properties.ref as Ref);
}

async function openCluster(map: GlMap, cluster: GeoJSON.Feature): Promise<void> {
  const source = map.getSource<GeoJSONSource>('items');
  const zoom = await source?.getClusterExpansionZoom(cluster.properties?.cluster_id as number);
  const center = (cluster.geometry as GeoJSON.Point).coordinates as [number, number];
  move(map, center, Math.min(15, (zoom ?? map.getZoom() + 2) + 0.2));
}

function move(map: GlMap, center: [number, number], zoom: number): void {
  if (calm()) map.jumpTo({ center, zoom });
  else map.easeTo({ center, zoom, duration: 600 });
}

/** Give a source new data at most once in a while, however often it changes. */
function useThrottled(
  map: GlMap | null,
  source: string,
  everyMs: number,
  data: () => GeoJSON.GeoJSON,
  when: unknown[],
): void {
  const last = useRef(0);
  const build = useEvent(data);
  useEffect(() => {
    if (!map) return;
    const wait = Math.max(0, last.current + everyMs - Date.now());
    const timer = window.setTimeout(() => {
      last.current = Date.now();
      void map.getSource<GeoJSONSource>(source)?.setData(build());
    }, wait);
    return () => window.clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the caller names what the data is made of
  }, [map, source, everyMs, ...when]);
}

function useVehicles(map: GlMap | null, vehicles: Vehicle[], ready: boolean): void {
  const layer = useRef<VehicleLayer | null>(null);
  useEffect(() => {
    const source = map?.getSource<GeoJSONSource>('vehicles');
    if (!map || !source) return;
    const made = new VehicleLayer(source, () => calm() || map.getZoom() < EASED_FROM_ZOOM);
    layer.current = made;
    return () => {
      made.stop();
      layer.current = null;
    };
  }, [map]);
  const shown = useRef<GlMap | null>(null);
  useEffect(() => {
    if (!layer.current || vehicles.length === 0 || (shown.current === map && !ready)) return;
    shown.current = map;
    layer.current.show(vehicles);
  }, [map, vehicles, ready]);
}

function useSelection(map: GlMap | null, selected: Shown | null, hovered: Shown | null): void {
  useEffect(() => {
    if (!map) return;
    const rings = [selected, hovered].filter((one) => one !== null);
    void map.getSource<GeoJSONSource>('ring')?.setData({
      type: 'FeatureCollection',
      features: rings.map(({ lon, lat, kind }) => ({
        type: 'Feature',
        properties: { ...look(kind), item: ITEM_KINDS.includes(kind as ItemKind) },
        geometry: { type: 'Point', coordinates: [lon, lat] },
      })),
    });
    const shape = selected?.geometry;
    void map.getSource<GeoJSONSource>('shape')?.setData({
      type: 'FeatureCollection',
      features:
        shape && shape.type !== 'Point'
          ? [{ type: 'Feature', properties: {}, geometry: shape }]
          : [],
    });
  }, [map, selected, hovered]);

  const lon = selected?.lon;
  const lat = selected?.lat;
  useEffect(() => {
    if (!map || lon === undefined || lat === undefined) return;
    if (!map.getBounds().contains([lon, lat]) || map.getZoom() < 12) {
      move(map, [lon, lat], Math.max(map.getZoom(), 12.5));
    }
    // A vehicle that moves on is not followed: only a new choice moves the map.
    // eslint-disable-next-line react-hooks/exhaustive-deps -- see above
  }, [map, selected === null]);
}
