import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, must } from '@/api/client';
import type { ReportStatus } from '@/api/types';

/** One report; with its token, its reporter sees whether the mail went out. */
export function useReport(id: string, token?: string | null) {
  return useQuery({
    queryKey: ['report', id, token ?? ''],
    queryFn: () =>
      must(
        api.GET('/api/v1/reports/{id}', {
          params: { path: { id }, query: token ? { t: token } : {} },
        }),
      ),
  });
}

export function useCategories(city: string) {
  return useQuery({
    queryKey: ['categories', city],
    staleTime: Infinity,
    queryFn: async () =>
      (await must(api.GET('/api/v1/reports/categories', { params: { query: { city } } }))).items,
  });
}

export function useUpdateReport(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { status: ReportStatus; note: string }) =>
      must(api.PATCH('/api/v1/reports/{id}', { params: { path: { id } }, body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['report', id] }),
  });
}
