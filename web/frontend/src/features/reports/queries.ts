import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, must } from '@/api/client';
import type { Report, ReportStatus } from '@/api/types';
import { useSession } from '@/app/session';

/** One report; with its token, its reporter sees whether the mail went out. */
export function useReport(id: string, token?: string | null) {
  return useQuery({
    queryKey: ['report', id, token ?? ''],
    queryFn: () => reportOf(id, token),
  });
}

/** One report as the one who is signed in may see it; read once it is known who that is. */
export function useOwnReport(id: string) {
  const { user, known } = useSession();
  return useQuery({
    queryKey: ['report', id, '', user?.id ?? ''],
    enabled: known,
    queryFn: () => reportOf(id),
  });
}

function reportOf(id: string, token?: string | null): Promise<Report> {
  const query = token ? { t: token } : {};
  return must(api.GET('/api/v1/reports/{id}', { params: { path: { id }, query } }));
}

export function useCategories(city: string) {
  return useQuery({
    queryKey: ['categories', city],
    enabled: city !== '',
    staleTime: Infinity,
    queryFn: async () =>
      (await must(api.GET('/api/v1/reports/categories', { params: { query: { city } } }))).items,
  });
}

/** How a city calls a category; one that it has no more is told by its code. */
export function useCategoryName(city: string): (code: string) => string {
  const { data } = useCategories(city);
  return (code) => data?.find((one) => one.code === code)?.name ?? code;
}

/** Move a report on, or reply to it; refused when it is no longer what it `was`, and then read again. */
export function useUpdateReport({ id, city }: Report) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { status: ReportStatus; note: string; was: ReportStatus }) =>
      must(api.PATCH('/api/v1/reports/{id}', { params: { path: { id } }, body })),
    onSuccess: (report) =>
      cache.setQueriesData<Report>(
        { queryKey: ['report', id] },
        (old) => old && { ...old, ...report },
      ),
    // Also what was refused is told from the report as it is now.
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: ['report', id] }),
        cache.invalidateQueries({ queryKey: ['queue', city] }),
      ]),
  });
}
