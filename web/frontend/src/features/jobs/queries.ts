import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { api, must } from '@/api/client';
import type { JobAccepted, JobState } from '@/api/types';

export interface JobFilter {
  state: string;
  queue: string;
  q: string;
}

export function useJobs({ state, queue, q }: JobFilter) {
  return useInfiniteQuery({
    queryKey: ['jobs', state, queue, q],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      must(
        api.GET('/api/v1/jobs', {
          params: {
            query: {
              limit: 50,
              cursor: pageParam,
              state: state || undefined,
              queue: queue || undefined,
              q: q || undefined,
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** One job; `again` says by its state whether to look again, and after how many milliseconds. */
export function useJob(id: string, again: (state: JobState) => number | false = () => false) {
  return useQuery({
    queryKey: ['job', id],
    refetchInterval: ({ state }) => (state.data ? again(state.data.state) : false),
    queryFn: () => must(api.GET('/api/v1/jobs/{id}', { params: { path: { id } } })),
  });
}

export function useQueues() {
  return useQuery({
    queryKey: ['queues'],
    queryFn: async () => (await must(api.GET('/api/v1/queues'))).items,
    refetchInterval: 15_000,
  });
}

/** Retry or cancel a job, saying why. */
export function useJobAction(id: string, action: 'retry' | 'cancel') {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) => {
      const request = { params: { path: { id } }, body: { reason } };
      return must<JobAccepted>(
        action === 'retry'
          ? api.POST('/api/v1/jobs/{id}/retry', request)
          : api.POST('/api/v1/jobs/{id}/cancel', request),
      );
    },
    onSuccess: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: ['job', id] }),
        cache.invalidateQueries({ queryKey: ['jobs'] }),
      ]),
  });
}

export function useQueueAction() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({
      name,
      action,
      reason,
    }: {
      name: string;
      action: 'pause' | 'resume';
      reason: string;
    }) => {
      const request = { params: { path: { name } }, body: { reason } };
      return must<unknown>(
        action === 'pause'
          ? api.POST('/api/v1/queues/{name}/pause', request)
          : api.POST('/api/v1/queues/{name}/resume', request),
      );
    },
    onSuccess: () => cache.invalidateQueries({ queryKey: ['queues'] }),
  });
}
