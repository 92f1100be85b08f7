import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api, must } from '@/api/client';
import type { Upload, UploadList, User } from '@/api/types';
import { sendFile } from '@/api/upload';
import { useNow, useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Done } from '@/ui/Done';
import { Field } from '@/ui/Field';
import { Empty, Notice, SkeletonRows } from '@/ui/Notice';
import { Panel } from '@/ui/Page';
import { StateTag } from '@/ui/StateTag';

/** Who may send files by themselves, and not only with a report. */
const SENDERS: User['role'][] = ['partner', 'staff', 'admin'];
const PAGE = 10;
const LOOK_AGAIN_MS = 2_000;

export function maySendFiles({ role }: User): boolean {
  return SENDERS.includes(role);
}

/** What somebody sent, and what became of each file. */
export function FilesPanel() {
  const { t } = useText();
  const files = useInfiniteQuery({
    queryKey: ['uploads'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      must(api.GET('/api/v1/uploads', { params: { query: { limit: PAGE, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: ({ state }) => (state.data?.pages.some(isUnderWay) ? LOOK_AGAIN_MS : false),
  });
  const rows = files.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Panel title={t('files.title')} flush>
      <div className="space-y-3 border-b border-line p-4">
        <p>{t('files.lead')}</p>
        <p>
          {t('files.programs')}{' '}
          <a href="/api/docs" className="link">
            {t('files.docs')}
          </a>
        </p>
        <Sender />
      </div>
      {files.error && (
        <div className="p-4">
          <Notice tone="bad" alert>
            {files.error.message}
          </Notice>
        </div>
      )}
      {files.isPending && !files.error && <SkeletonRows rows={2} label={t('list.loading')} />}
      {files.data && rows.length === 0 && <Empty title={t('files.none')} />}
      <ul aria-label={t('files.title')} className="divide-y divide-line">
        {rows.map((file) => (
          <Row key={file.id} file={file} />
        ))}
      </ul>
      {files.hasNextPage && (
        <div className="border-t border-line p-3 text-center">
          <Button small onClick={() => void files.fetchNextPage()}>
            {t('list.more')}
          </Button>
        </div>
      )}
    </Panel>
  );
}

function isUnderWay(page: UploadList): boolean {
  return page.items.some(({ state }) => state === 'received' || state === 'processing');
}

function Sender() {
  const { t } = useText();
  const cache = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [isMissing, setMissing] = useState(false);
  const send = useMutation({
    mutationFn: sendFile,
    onSuccess: () => {
      if (input.current) input.current.value = '';
      return cache.invalidateQueries({ queryKey: ['uploads'] });
    },
  });
  return (
    <form
      className="space-y-3"
      onSubmit={(event) => {
        event.preventDefault();
        const file = input.current?.files?.[0];
        setMissing(!file);
        if (file) send.mutate(file);
        else input.current?.focus();
      }}
    >
      <Field
        id="file"
        label={t('files.file')}
        hint={t('files.hint')}
        error={isMissing ? t('files.missing') : undefined}
      >
        {(props) => (
          <input
            {...props}
            ref={input}
            type="file"
            accept="image/*"
            onChange={() => {
              setMissing(false);
              send.reset();
            }}
          />
        )}
      </Field>
      {send.error && (
        <Notice tone="bad" alert>
          {send.error.message}
        </Notice>
      )}
      <Button type="submit" disabled={send.isPending}>
        {t(send.isPending ? 'form.sending' : 'files.send')}
      </Button>
      <Done shown={send.isSuccess}>{t('files.sent')}</Done>
    </form>
  );
}

function Row({ file }: { file: Upload }) {
  const { t, age, bytes } = useText();
  const now = useNow();
  return (
    <li className="px-4 py-2.5">
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <span className="min-w-0 font-medium break-words">{file.filename}</span>
        <StateTag state={file.state} word={t(`files.state.${file.state}`)} />
      </div>
      <p className="flex flex-wrap gap-x-3 text-xs text-muted tnum">
        <span>{bytes(file.size)}</span>
        <time dateTime={file.created_at}>{t('time.ago', { age: age(file.created_at, now) })}</time>
        {file.state === 'ready' && (
          <a href={`/api/v1/photos/${file.id}/large.webp`} className="link">
            {t('files.open', { name: file.filename })}
          </a>
        )}
      </p>
      {file.error && (
        <p lang="en" className="mt-0.5 break-words">
          {file.error}
        </p>
      )}
    </li>
  );
}
