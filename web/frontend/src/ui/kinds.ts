import type { FeatureKind } from '@/api/types';
import type { IconName } from './paths';

export type ColourToken =
  'report' | 'transit' | 'bike' | 'air' | 'weather' | 'roadworks' | 'event' | 'news' | 'muted';

export type ItemKind = FeatureKind | 'report';

export const ITEM_KINDS: ItemKind[] = [
  'report',
  'service_request',
  'road_work',
  'alert',
  'event',
  'news',
];

interface Look {
  icon: IconName;
  colour: ColourToken;
}

const LOOKS: Record<string, Look> = {
  report: { icon: 'report', colour: 'report' },
  service_request: { icon: 'service_request', colour: 'air' },
  road_work: { icon: 'road_work', colour: 'roadworks' },
  alert: { icon: 'alert', colour: 'weather' },
  event: { icon: 'event', colour: 'event' },
  news: { icon: 'news', colour: 'news' },
  bike_station: { icon: 'bicycle', colour: 'bike' },
  bus: { icon: 'bus', colour: 'transit' },
  tram: { icon: 'tram', colour: 'transit' },
  subway: { icon: 'subway', colour: 'transit' },
  rail: { icon: 'rail', colour: 'transit' },
  ferry: { icon: 'ferry', colour: 'transit' },
  transit_stop: { icon: 'station', colour: 'transit' },
  bicycle: { icon: 'bicycle', colour: 'bike' },
  scooter: { icon: 'scooter', colour: 'bike' },
  moped: { icon: 'scooter', colour: 'bike' },
  car: { icon: 'car', colour: 'transit' },
};

/** Sign and colour of a kind; an unknown one is still drawn. */
export function look(kind: string): Look {
  const known = LOOKS[kind];
  if (known) return known;
  if (kind.includes('weather')) return { icon: 'weather', colour: 'weather' };
  if (kind.includes('air')) return { icon: 'air', colour: 'air' };
  return { icon: 'station', colour: 'muted' };
}

/** Tailwind needs whole class names to find them. */
export const FILL: Record<ColourToken, string> = {
  report: 'bg-report',
  transit: 'bg-transit',
  bike: 'bg-bike',
  air: 'bg-air',
  weather: 'bg-weather',
  roadworks: 'bg-roadworks',
  event: 'bg-event',
  news: 'bg-news',
  muted: 'bg-muted',
};
