import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo } from 'react';
import { api, must } from '@/api/client';
import { unique } from './items';

/** So many are enough to choose from; whoever seeks another says more words. */
export const FOUND = 200;
/** Leaves the server, which lets a client ask ten times a second, room for the rest of the page. */
const PAUSE_MS = 120;

const page = (city: string, q: string, cursor?: string) =>
  must(api.GET('/api/v1/features', { params: { query: { city, q, limit: FOUND, cursor } } }));

/**
 * What the server finds for some words; what is loaded is only part of what there is.
 *
 * An answer comes soon, however many features there are, because it does not look at all of them: the
 * search goes on further back until enough is found. What is new is read again by `search` alone.
 */
export function useFound(city: string, q: string) {
  const newest = useQuery({
    queryKey: ['search', city, q],
    enabled: q.length > 1,
    queryFn: () => page(city, q),
    placeholderData: (previous) => previous,
  });
  const start = newest.isPlaceholderData ? null : newest.data?.next;
  const older = useInfiniteQuery({
    queryKey: ['older', city, q],
    enabled: typeof start === 'string' && (newest.data?.items.length ?? 0) < FOUND,
    initialPageParam: start ?? undefined,
    queryFn: ({ pageParam }) => page(city, q, pageParam),
    getNextPageParam: (last) => last.next ?? undefined,
    staleTime: Infinity,
  });
  const { found, searched } = useMemo(() => {
    const pages = [newest.data, ...(older.data?.pages ?? [])].filter((one) => one !== undefined);
    return {
      found: unique(pages.flatMap((one) => one.items)),
      searched: pages.reduce((sum, one) => sum + (one.searched ?? 0), 0),
    };
  }, [newest.data, older.data]);
  const goesOn = older.hasNextPage && found.length < FOUND;
  const { isFetching, isError, fetchNextPage } = older;

  const next = useCallback(() => void fetchNextPage(), [fetchNextPage]);

  useEffect(() => {
    if (!goesOn || isFetching || isError) return;
    const timer = window.setTimeout(next, PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [goesOn, isFetching, isError, next]);

  return {
    data: newest.data && found,
    /** How many were looked through while there are more; none once the search is over. */
    searched: goesOn || isFetching ? searched : null,
    /** It broke off: how to go on. */
    again: isError ? next : null,
  };
}
