import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, must } from '@/api/client';
import type { Export } from '@/api/types';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Notice } from '@/ui/Notice';
import { Panel } from '@/ui/Page';
import { StateTag } from '@/ui/StateTag';
import { saveAs } from './saveAs';

const LOOK_AGAIN_MS = 3_000;

/** Everything we hold about this person, in one file. */
export function ExportPanel() {
  const { t } = useText();
  const cache = useQueryClient();
  const { data, error } = useQuery({
    queryKey: ['exports'],
    queryFn: () => must(api.GET('/api/v1/auth/exports')),
    refetchInterval: ({ state }) =>
      state.data?.items.some((one) => one.state === 'working') && LOOK_AGAIN_MS,
  });
  const ask = useMutation({
    mutationFn: () => must(api.POST('/api/v1/auth/export')),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['exports'] }),
  });
  const download = useMutation({
    mutationFn: async (one: Export) => {
      const path = { id: one.id };
      const blob = await must(
        api.GET('/api/v1/auth/exports/{id}/download', { params: { path }, parseAs: 'blob' }),
      );
      saveAs(blob as unknown as Blob, `citypulse-${one.created_at.slice(0, 10)}.zip`);
    },
  });
  const trouble = error ?? ask.error ?? download.error;
  const working = data?.items.some((one) => one.state === 'working') ?? false;
  return (
    <Panel title={t('export.title')}>
      <div className="space-y-3">
        <p className="text-muted">{t('export.lead')}</p>
        {trouble && (
          <Notice tone="bad" alert>
            {trouble.message}
          </Notice>
        )}
        <ul className="space-y-2" aria-live="polite">
          {data?.items.map((one) => (
            <Row
              key={one.id}
              one={one}
              busy={download.isPending}
              onDownload={() => download.mutate(one)}
            />
          ))}
        </ul>
        <Button disabled={ask.isPending || working} onClick={() => ask.mutate()}>
          {t('export.ask')}
        </Button>
      </div>
    </Panel>
  );
}

interface RowProps {
  one: Export;
  busy: boolean;
  onDownload: () => void;
}

function Row({ one, busy, onDownload }: RowProps) {
  const { t, day, moment, bytes } = useText();
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1" data-export={one.state}>
      <StateTag
        state={one.state === 'working' ? 'running' : one.state}
        word={t(`export.${one.state}`)}
      />
      <span className="min-w-0 flex-1 basis-48 text-xs text-muted tnum">
        {moment(one.created_at)}
        {one.state === 'ready' && ` · ${t('export.until', { at: day(one.expires_at) })}`}
      </span>
      {one.state === 'ready' && (
        <Button small look="primary" disabled={busy} onClick={onDownload}>
          {t('export.download', { size: bytes(one.size) })}
        </Button>
      )}
    </li>
  );
}
