import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, must } from '@/api/client';
import type { SignedIn } from '@/api/types';
import { useNow, useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { Panel } from '@/ui/Page';
import { deviceName } from './rules';
import { useExplain } from './useExplain';

/** Where this person is signed in, and the way out of there. */
export function SessionsPanel() {
  const { t } = useText();
  const cache = useQueryClient();
  const explain = useExplain();
  const { data, error } = useQuery({
    queryKey: ['sessions'],
    queryFn: () => must(api.GET('/api/v1/auth/sessions')),
  });
  const onSuccess = () => cache.invalidateQueries({ queryKey: ['sessions'] });
  const end = useMutation({
    mutationFn: (id: string) =>
      must(api.DELETE('/api/v1/auth/sessions/{id}', { params: { path: { id } } })),
    onSuccess,
  });
  const endOthers = useMutation({
    mutationFn: () => must(api.DELETE('/api/v1/auth/sessions')),
    onSuccess,
  });
  const trouble = error ?? end.error ?? endOthers.error;
  const others = data?.items.filter((one) => !one.current).length ?? 0;
  return (
    <Panel
      title={t('sessions.title')}
      flush
      actions={
        others > 0 && (
          <Button small disabled={endOthers.isPending} onClick={() => endOthers.mutate()}>
            {t('sessions.endOthers')}
          </Button>
        )
      }
    >
      {trouble && (
        <div className="p-4">
          <Notice tone="bad" alert>
            {explain(trouble) || trouble.message}
          </Notice>
        </div>
      )}
      {!data && !error && <SkeletonRows rows={2} label={t('list.loading')} />}
      <ul className="divide-y divide-line">
        {data?.items.map((one) => (
          <Row key={one.id} one={one} busy={end.isPending} onEnd={() => end.mutate(one.id)} />
        ))}
      </ul>
    </Panel>
  );
}

function Row({ one, busy, onEnd }: { one: SignedIn; busy: boolean; onEnd: () => void }) {
  const { t, age, day } = useText();
  const now = useNow();
  const device = deviceName(one.user_agent) ?? t('sessions.unknown');
  return (
    <li className="flex min-h-14 items-center gap-3 px-4 py-2" data-session={one.id}>
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium" title={one.user_agent}>
          {device}
        </span>
        <span className="text-xs text-muted tnum">
          {t('sessions.facts', {
            address: one.address,
            since: day(one.created_at),
            used: age(one.used_at, now),
          })}
        </span>
      </span>
      {one.current ? (
        <span className="text-xs font-medium text-ok">{t('sessions.current')}</span>
      ) : (
        <Button
          small
          disabled={busy}
          aria-label={t('sessions.endNamed', { device })}
          onClick={onEnd}
        >
          {t('sessions.end')}
        </Button>
      )}
    </li>
  );
}
