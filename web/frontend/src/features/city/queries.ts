import { useQuery } from '@tanstack/react-query';
import { api, must } from '@/api/client';
import type { Feature, FeatureKind, Trail, Vehicle } from '@/api/types';
import { KEPT, KEPT_PER_KIND } from '@/live/apply';
import { cityKey } from '@/live/store';
import { useLive } from '@/live/useLive';

const PAGE = 500;
/** The most reports read. */
export const REPORTS = 200;
/** What no event tells: that something grows old where it stands, or that its publisher lists it no more. */
const REREAD_MS = 300_000;

/** Follow the cursor until the list ends or enough is known. */
export async function everyPage<T>(
  page: (cursor: string | undefined) => Promise<{ items: T[]; next?: string | null }>,
  most = KEPT,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const answer = await page(cursor);
    items.push(...answer.items);
    cursor = answer.next ?? undefined;
  } while (cursor && items.length < most);
  return items;
}

export function useCity(slug: string) {
  return useQuery({
    queryKey: ['city', slug],
    queryFn: () => must(api.GET('/api/v1/cities/{slug}', { params: { path: { slug } } })),
    staleTime: Infinity,
  });
}

export function useAreas(slug: string) {
  return useQuery({
    queryKey: ['areas', slug],
    queryFn: () => must(api.GET('/api/v1/cities/{slug}/areas', { params: { path: { slug } } })),
    staleTime: Infinity,
  });
}

export function useFeatures(city: string) {
  const live = useLive();
  return useQuery({
    queryKey: cityKey(city, 'features'),
    refetchInterval: REREAD_MS,
    queryFn: () =>
      live.settle('features', async () => {
        const kinds = await Promise.all(KINDS.map((kind) => newest(city, kind)));
        return kinds.flat();
      }),
  });
}

const KINDS: FeatureKind[] = ['service_request', 'road_work', 'alert', 'event', 'news'];

/** The newest features of a kind; of the many requests only those that are still open. */
async function newest(city: string, kind: FeatureKind): Promise<Feature[]> {
  const status = kind === 'service_request' ? 'open' : undefined;
  const query = { city, kind, status, limit: KEPT_PER_KIND };
  return (await must(api.GET('/api/v1/features', { params: { query } }))).items;
}

/** What is closed already, read only when asked for; where few are, a page of them may be short and yet go on. */
export function useClosed(city: string, enabled: boolean) {
  const query = { city, status: 'closed', limit: KEPT_PER_KIND };
  return useQuery({
    queryKey: ['closed', city],
    enabled,
    queryFn: () => must(api.GET('/api/v1/features', { params: { query } })),
  });
}

export function useVehicles(city: string) {
  const live = useLive();
  return useQuery({
    queryKey: cityKey(city, 'vehicles'),
    refetchInterval: REREAD_MS,
    queryFn: () =>
      live.settle('vehicles', async () => {
        const answer = await must(api.GET('/api/v1/vehicles', { params: { query: { city } } }));
        return answer.items;
      }),
  });
}

export function useThings(city: string) {
  const live = useLive();
  return useQuery({
    queryKey: cityKey(city, 'things'),
    refetchInterval: REREAD_MS,
    queryFn: () =>
      live.settle('things', () =>
        everyPage((cursor) =>
          must(
            // Stops of a timetable are things too, and nobody counts anything there.
            api.GET('/api/v1/things', {
              params: { query: { city, limit: PAGE, cursor, observed: true } },
            }),
          ),
        ),
      ),
  });
}

export function useReports(city: string) {
  const live = useLive();
  return useQuery({
    queryKey: cityKey(city, 'reports'),
    queryFn: () =>
      live.settle('reports', async () => {
        const answer = await must(
          api.GET('/api/v1/reports', { params: { query: { city, limit: REPORTS } } }),
        );
        return answer.items;
      }),
  });
}

export function useFeeds(city: string) {
  const live = useLive();
  return useQuery({
    queryKey: cityKey(city, 'feeds'),
    queryFn: () =>
      live.settle('feeds', async () => {
        const answer = await must(api.GET('/api/v1/feeds', { params: { query: { city } } }));
        return answer.items;
      }),
  });
}

export function usePulse(city: string) {
  return useQuery({
    queryKey: ['pulse', city],
    queryFn: () => must(api.GET('/api/v1/pulse', { params: { query: { city } } })),
    refetchInterval: 30_000,
  });
}

export function useFeature(id: string) {
  return useQuery({
    queryKey: ['feature', id],
    queryFn: () => must(api.GET('/api/v1/features/{id}', { params: { path: { id } } })),
  });
}

export function useHistory(datastream: string) {
  return useQuery({
    queryKey: ['observations', datastream],
    queryFn: () =>
      must(
        api.GET('/api/v1/datastreams/{id}/observations', {
          params: { path: { id: datastream }, query: { bucket: '5m' } },
        }),
      ),
  });
}

/** The trip of a vehicle; the stream says when a feed that tells of it has run. */
export function useTrip({ id, source }: Vehicle) {
  return useQuery({
    queryKey: ['trip', source.feed_id, id],
    staleTime: 0,
    queryFn: () => must(api.GET('/api/v1/vehicles/{id}/trip', { params: { path: { id } } })),
  });
}

/** Where a vehicle was lately; read anew whenever it moves, and what was read of it stays until then. */
export function useTrail(vehicle: Vehicle | undefined) {
  const id = vehicle?.id ?? '';
  return useQuery({
    queryKey: ['trail', id, vehicle?.lon, vehicle?.lat],
    enabled: vehicle !== undefined,
    placeholderData: (before: Trail | undefined) =>
      before?.vehicle_id === id ? before : undefined,
    queryFn: () => must(api.GET('/api/v1/vehicles/{id}/trail', { params: { path: { id } } })),
  });
}

/** A stop with its departures; the stream says when a feed that predicts them has run. */
export function useDepartures(id: string | null) {
  return useQuery({
    queryKey: ['departures', id],
    enabled: id !== null,
    staleTime: 0,
    queryFn: () =>
      must(api.GET('/api/v1/things/{id}/departures', { params: { path: { id: id ?? '' } } })),
  });
}

/** The basemap's address when it is there to be read, else null: areas are drawn instead. */
export function useBasemap(path: string | null | undefined) {
  return useQuery({
    queryKey: ['basemap', path],
    enabled: path !== undefined,
    staleTime: Infinity,
    queryFn: async () => {
      if (!path) return null;
      const url = new URL(path, location.origin).href;
      const answer = await fetch(url, { headers: { Range: 'bytes=0-6' } }).catch(() => null);
      const start = answer?.ok ? (await answer.text()).slice(0, 7) : '';
      return start === 'PMTiles' ? url : null;
    },
  });
}
