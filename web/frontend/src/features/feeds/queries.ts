import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, must } from '@/api/client';
import type { AuditEntry, AuditList, Feed, FeedChange, JobState } from '@/api/types';
import { useJob } from '@/features/jobs/queries';
import { useTopic } from '@/live/useLive';

const LOOK_AGAIN_MS = 5_000;
const SHOWN_ACTS = 10;
/** Of the log of a big city a read looks through a part, and may find nothing in it. */
const MOST_READS = 10;
const ENDED: JobState[] = ['succeeded', 'dead', 'cancelled'];

/** The feeds of a city as who runs them sees them: read again after each run. */
export function useSources(city: string) {
  return useQuery({
    queryKey: ['sources', city],
    queryFn: async () =>
      (await must(api.GET('/api/v1/feeds', { params: { query: { city } } }))).items,
  });
}

export function useSource(id: string) {
  return useQuery({
    queryKey: ['source', id],
    queryFn: () => readFeed(id),
  });
}

/** The options of a kind of feed. */
export function useKindOptions(kind: string) {
  return useQuery({
    queryKey: ['feedKinds'],
    staleTime: Infinity,
    queryFn: async () => (await must(api.GET('/api/v1/feeds/kinds'))).items,
    select: (kinds) => kinds.find((one) => one.kind === kind)?.options,
  });
}

/** The newest that people did to a feed, as far back as some reads of the log look. */
export function useHistory(id: string) {
  return useQuery({
    queryKey: ['audit', id],
    queryFn: async () => {
      const found: AuditEntry[] = [];
      let cursor: string | null = null;
      for (let reads = 0; reads < MOST_READS && found.length < SHOWN_ACTS; reads++) {
        const query = { subject: id, limit: SHOWN_ACTS, ...(cursor ? { cursor } : {}) };
        const page: AuditList = await must(api.GET('/api/v1/audit', { params: { query } }));
        found.push(...page.items);
        cursor = page.next;
        if (!cursor) break;
      }
      return found.slice(0, SHOWN_ACTS);
    },
  });
}

export function useRuns(feed: string) {
  return useQuery({
    queryKey: ['runs', feed],
    // A dry run changes nothing, so the stream does not tell of it.
    refetchInterval: LOOK_AGAIN_MS,
    queryFn: async () =>
      (
        await must(
          api.GET('/api/v1/feeds/{id}/runs', {
            params: { path: { id: feed }, query: { limit: 50 } },
          }),
        )
      ).items,
  });
}

export function useRejects(feed: string, run: string | null) {
  return useQuery({
    queryKey: ['rejects', feed, run],
    enabled: run !== null,
    queryFn: async () =>
      (
        await must(
          api.GET('/api/v1/feeds/{id}/rejects', {
            params: { path: { id: feed }, query: { run: run ?? undefined, limit: 100 } },
          }),
        )
      ).items,
  });
}

export function useRunNow(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => must(api.POST('/api/v1/feeds/{id}/run', { params: { path: { id } } })),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: ['audit', id] });
      return cache.invalidateQueries({ queryKey: ['runs', id] });
    },
  });
}

/** Keep a feed that was just saved where pages read it. */
export function useKeepFeed() {
  const cache = useQueryClient();
  return (feed: Feed) => {
    cache.setQueryData(['source', feed.id], feed);
    void cache.invalidateQueries({ queryKey: ['sources'] });
    void cache.invalidateQueries({ queryKey: ['audit', feed.id] });
  };
}

export function useChangeFeed(id: string) {
  const keep = useKeepFeed();
  return useMutation({
    mutationFn: (body: FeedChange) => changeFeed(id, body),
    onSuccess: keep,
  });
}

/** Change a feed, if it still has the version that was seen; without one whatever it is now. */
export function changeFeed(id: string, body: FeedChange, version?: string): Promise<Feed> {
  const header = version === undefined ? undefined : { 'If-Match': `"${version}"` };
  return must(api.PATCH('/api/v1/feeds/{id}', { params: { path: { id }, header }, body }));
}

export function readFeed(id: string): Promise<Feed> {
  return must(api.GET('/api/v1/feeds/{id}', { params: { path: { id } } }));
}

export function useDeleteFeed(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => must(api.DELETE('/api/v1/feeds/{id}', { params: { path: { id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['sources'] }),
  });
}

export interface Reprocess {
  from: string;
  to: string;
  dry_run: boolean;
  reason: string;
}

export function useReprocess(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Reprocess) =>
      must(api.POST('/api/v1/feeds/{id}/reprocess', { params: { path: { id } }, body })),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: ['audit', id] });
      return cache.invalidateQueries({ queryKey: ['runs', id] });
    },
  });
}

/** Follow a job to its end by the stream, and by looking again should the stream have been late. */
export function useFollowedJob(id: string) {
  useTopic(`job:${id}`);
  const { data: job, error } = useJob(id, (state) => !ENDED.includes(state) && LOOK_AGAIN_MS);
  return { job, error, isEnded: job !== undefined && ENDED.includes(job.state) };
}

/** What a preview found, once its job has ended. */
export function usePreview(job: string, isEnded: boolean) {
  return useQuery({
    queryKey: ['preview', job],
    enabled: isEnded,
    staleTime: Infinity,
    retry: false,
    queryFn: () => must(api.GET('/api/v1/feeds/preview/{id}', { params: { path: { id: job } } })),
  });
}
