import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, must } from '@/api/client';
import type { User } from '@/api/types';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { Panel } from '@/ui/Page';
import { GoogleSign } from './GoogleSign';
import { useExplain } from './useExplain';

/** The way in by Google: linked on purpose, and taken away while another way in is left. */
export function GooglePanel({ user }: { user: User }) {
  const { t, day } = useText();
  const cache = useQueryClient();
  const explain = useExplain();
  const { data, error } = useQuery({
    queryKey: ['identities'],
    queryFn: () => must(api.GET('/api/v1/auth/identities')),
  });
  const link = useMutation({
    mutationFn: () => must(api.POST('/api/v1/auth/google/link')),
    onSuccess: ({ url }) => location.assign(url),
  });
  const remove = useMutation({
    mutationFn: (id: string) =>
      must(api.DELETE('/api/v1/auth/identities/{id}', { params: { path: { id } } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['identities'] }),
  });
  const trouble = error ?? link.error ?? remove.error;
  const items = data?.items ?? [];
  return (
    <Panel title="Google">
      <div className="space-y-3">
        {trouble && (
          <Notice tone="bad" alert>
            {explain(trouble) || trouble.message}
          </Notice>
        )}
        {!data && !error && <SkeletonRows rows={1} label={t('list.loading')} />}
        {items.map((one) => (
          <div key={one.id} className="flex flex-wrap items-center gap-3">
            <GoogleSign />
            <span className="min-w-0 flex-1">
              <span className="block truncate font-medium">{one.email}</span>
              <span className="text-xs text-muted">
                {t('google.since', { at: day(one.created_at) })}
              </span>
            </span>
            <Button
              small
              disabled={remove.isPending || !user.has_password}
              onClick={() => remove.mutate(one.id)}
            >
              {t('google.unlink')}
            </Button>
          </div>
        ))}
        {items.length > 0 && !user.has_password && (
          <p className="text-xs text-muted">{t('google.onlyWay')}</p>
        )}
        {data && items.length === 0 && (
          <>
            <p className="text-muted">{t('google.lead')}</p>
            <Button disabled={link.isPending} onClick={() => link.mutate()}>
              <GoogleSign /> {t('google.link')}
            </Button>
          </>
        )}
      </div>
    </Panel>
  );
}
