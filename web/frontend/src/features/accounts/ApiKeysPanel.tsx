import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, must } from '@/api/client';
import type { ApiKey } from '@/api/types';
import { useNow, useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Empty, Notice, SkeletonRows } from '@/ui/Notice';
import { Panel } from '@/ui/Page';
import { NewKey } from './NewKey';
import { NewKeyForm } from './NewKeyForm';

/** Keys for programs that speak in this person's name. */
export function ApiKeysPanel() {
  const { t } = useText();
  const cache = useQueryClient();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const { data, error } = useQuery({
    queryKey: ['api keys'],
    queryFn: () => must(api.GET('/api/v1/auth/api-keys')),
  });
  const reread = () => cache.invalidateQueries({ queryKey: ['api keys'] });
  const revoke = useMutation({
    mutationFn: (id: string) =>
      must(api.DELETE('/api/v1/auth/api-keys/{id}', { params: { path: { id } } })),
    onSuccess: reread,
  });
  const trouble = error ?? revoke.error;
  return (
    <Panel
      title={t('keys.title')}
      flush
      actions={
        !making && (
          <Button
            small
            icon="plus"
            onClick={() => {
              setMade(null);
              setMaking(true);
            }}
          >
            {t('keys.make')}
          </Button>
        )
      }
    >
      {trouble && (
        <div className="p-4">
          <Notice tone="bad" alert>
            {trouble.message}
          </Notice>
        </div>
      )}
      {made && <NewKey value={made} onDone={() => setMade(null)} />}
      {making && (
        <NewKeyForm
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false);
            setMade(key);
            void reread();
          }}
        />
      )}
      {!data && !error && <SkeletonRows rows={1} label={t('list.loading')} />}
      {data?.items.length === 0 && !making && !made && (
        <Empty title={t('keys.none')}>{t('keys.noneHint')}</Empty>
      )}
      <ul className="divide-y divide-line">
        {data?.items.map((one) => (
          <Row
            key={one.id}
            one={one}
            busy={revoke.isPending}
            onRevoke={() => revoke.mutate(one.id)}
          />
        ))}
      </ul>
    </Panel>
  );
}

function Row({ one, busy, onRevoke }: { one: ApiKey; busy: boolean; onRevoke: () => void }) {
  const { t, age, day } = useText();
  const now = useNow();
  const [asked, setAsked] = useState(false);
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2.5" data-key={one.prefix}>
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">
          {one.name} <code className="ml-1 text-xs font-normal text-muted">{one.prefix}…</code>
        </span>
        <span className="block text-xs text-muted tnum">
          {one.last_used_at
            ? t('keys.used', { age: age(one.last_used_at, now) })
            : t('keys.neverUsed')}
          {' · '}
          {one.expires_at ? t('keys.until', { at: day(one.expires_at) }) : t('keys.noEnd')}
        </span>
        <span className="block text-xs text-muted">{one.scopes.join(', ')}</span>
      </span>
      {asked ? (
        <span className="flex items-center gap-2">
          <Button small onClick={() => setAsked(false)}>
            {t('reason.leave')}
          </Button>
          <Button small look="danger" disabled={busy} onClick={onRevoke}>
            {t('keys.revokeNow')}
          </Button>
        </span>
      ) : (
        <Button
          small
          aria-label={t('keys.revokeNamed', { name: one.name })}
          onClick={() => setAsked(true)}
        >
          {t('keys.revoke')}
        </Button>
      )}
    </li>
  );
}
