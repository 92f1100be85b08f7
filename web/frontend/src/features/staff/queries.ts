import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { api, must } from '@/api/client';
import { queryOf, type Filter } from './queue';

const PAGE = 50;
/** What is not public yet is told by no event. */
const REREAD_MS = 30_000;

/** What staff handle of a city. */
export function useQueue(city: string, filter: Filter) {
  return useInfiniteQuery({
    queryKey: ['queue', city, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      must(
        api.GET('/api/v1/reports/queue', {
          params: {
            query: { city, ...queryOf(filter, Date.now()), limit: PAGE, cursor: pageParam },
          },
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: REREAD_MS,
  });
}
