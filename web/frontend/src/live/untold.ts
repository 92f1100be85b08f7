import { KEPT, type CityState, type Slice } from './apply';
import type { EventData, LiveEvent } from './frames';
import { worse } from './freshness';

const OF_FEEDS: Slice[] = ['features', 'vehicles', 'things', 'feeds'];

/** The slices of which an event says that more changed than it tells: they are to be read again. Pure. */
export function untold(state: CityState, event: LiveEvent): Slice[] {
  switch (event.name) {
    case 'FeaturesChanged':
      return event.data.changed > event.data.items.length ? ['features'] : [];
    case 'ObservationsAdded':
      return hasNewThing(state, event.data) ? ['things'] : [];
    case 'FreshnessChanged':
      return isBetter(state, event.data) ? OF_FEEDS : [];
    default:
      return [];
  }
}

/** A thing is told of by what it observes alone; of more than the page keeps, some stay unknown. */
function hasNewThing({ things }: CityState, { items }: EventData['ObservationsAdded']): boolean {
  if (!things || things.length >= KEPT) return false;
  const known = new Set(things.map(({ id }) => id));
  return items.some(({ thing_id }) => !known.has(thing_id));
}

/** A feed that is well again says nothing of each item: some may be old all the same. */
function isBetter({ feeds }: CityState, data: EventData['FreshnessChanged']): boolean {
  const before = feeds?.find(({ id }) => id === data.feed_id)?.freshness;
  return before === undefined || worse(before, data.freshness) !== data.freshness;
}
