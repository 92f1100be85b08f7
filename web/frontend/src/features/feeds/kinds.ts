/** The connectors that a feed can be read by, as `tasks/feeds/connectors` names them. */
export const FEED_KINDS = [
  'air_quality',
  'arcgis',
  'cap',
  'gbfs',
  'gtfs_realtime',
  'gtfs_static',
  'icalendar',
  'legistar',
  'mapping',
  'news',
  'nws_alerts',
  'open311',
  'socrata',
  'weather',
] as const;

export type FeedKind = (typeof FEED_KINDS)[number];

export function isFeedKind(kind: string): kind is FeedKind {
  return FEED_KINDS.some((one) => one === kind);
}
