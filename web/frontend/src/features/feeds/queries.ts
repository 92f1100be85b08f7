import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, must } from '@/api/client';

export function useRuns(feed: string) {
  return useQuery({
    queryKey: ['runs', feed],
    // A dry run changes nothing, so the stream does not tell of it.
    refetchInterval: 5_000,
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
    onSuccess: () => cache.invalidateQueries({ queryKey: ['runs', id] }),
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
    onSuccess: () => cache.invalidateQueries({ queryKey: ['runs', id] }),
  });
}
