import { useEffect, useRef } from 'react';
import type { FeedPreview } from '@/api/types';
import { useNow, useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { FreshnessMark } from '@/ui/FreshnessMark';
import { Notice } from '@/ui/Notice';
import { Panel } from '@/ui/Page';
import { Progress } from '@/ui/StateTag';
import { Facts } from '@/ui/Table';
import { Problems, Records } from './PreviewRecords';
import { useFollowedJob, usePreview } from './queries';
import { tally } from './rules';

interface Terms {
  attribution?: string;
  license?: string;
}

interface Props {
  job: string;
  /** The form was changed since: this is no longer what it would give. */
  isStale: boolean;
  /** Take over what the feed says of itself. */
  onTake: (terms: Terms) => void;
}

/** What a feed would give, followed from the asking to the answer; nothing of it is stored. */
export function Preview({ job, isStale, onTake }: Props) {
  const { t } = useText();
  const box = useRef<HTMLDivElement>(null);
  const followed = useFollowedJob(job);
  const { data, error } = usePreview(job, followed.isEnded);
  useEffect(() => {
    // In a block: newer browsers return a promise, which is no way to clean up.
    void box.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const trouble = (followed.isEnded && followed.job?.error) || (error ?? followed.error)?.message;
  return (
    <div ref={box} className="scroll-mt-4" data-preview={data ? 'shown' : 'asked'}>
      <Panel title={t('preview.title')}>
        <div className="space-y-4">
          <div role="status" className="space-y-3">
            {!data && !trouble && (
              <>
                <p className="text-muted">{t('preview.asking')}</p>
                <Progress value={followed.job?.progress ?? 0} label={t('jobs.progress')} />
              </>
            )}
            {isStale && <Notice tone="warn">{t('preview.stale')}</Notice>}
            {!data && trouble && <Notice tone="bad">{trouble}</Notice>}
            {data && <Verdict preview={data} />}
          </div>
          {data && <Answer preview={data} onTake={onTake} />}
          {data && <Problems preview={data} />}
          {data && <Records preview={data} />}
        </div>
      </Panel>
    </div>
  );
}

function Verdict({ preview }: { preview: FeedPreview }) {
  const { t, count } = useText();
  const { read, rejected } = tally(preview);
  if (preview.error) return <Notice tone="bad">{preview.error}</Notice>;
  if (read === 0) return <Notice tone="warn">{t('preview.nothing')}</Notice>;
  return (
    <Notice tone={rejected > 0 ? 'warn' : 'ok'}>
      {t('preview.read', { count: read, shown: count(read) })}{' '}
      {rejected > 0 && t('preview.aside', { count: rejected, shown: count(rejected) })}
    </Notice>
  );
}

function Answer({ preview, onTake }: Pick<Props, 'onTake'> & { preview: FeedPreview }) {
  const { t, age, bytes, count, duration, moment } = useText();
  const now = useNow();
  const { attribution, license } = preview.terms ?? {};
  return (
    <section aria-label={t('preview.answer')} className="space-y-3">
      <Facts
        facts={[
          [
            t('preview.code'),
            preview.http_status && (
              <span className="tnum">
                HTTP {preview.http_status}
                {preview.ttfb_ms != null && (
                  <span className="text-muted">
                    {' '}
                    · {t('runs.ttfb')} {count(preview.ttfb_ms)} ms
                  </span>
                )}
              </span>
            ),
          ],
          [t('preview.ttl'), preview.ttl_seconds && duration(preview.ttl_seconds)],
          [
            t('sources.freshness'),
            preview.freshness && (
              <span className="flex flex-wrap gap-x-2">
                <FreshnessMark freshness={preview.freshness} />
                <span className="text-muted tnum">
                  {preview.newest_at
                    ? `${t('preview.newest')} ${moment(preview.newest_at)} · ${t('time.ago', { age: age(preview.newest_at, now) })}`
                    : t('preview.timeless')}
                </span>
              </span>
            ),
          ],
          [t('sources.attribution'), attribution],
          [t('sources.license'), license && <span className="break-all">{license}</span>],
        ]}
      />
      {(attribution ?? license) && (
        <Button
          small
          onClick={() =>
            onTake({ ...(attribution ? { attribution } : {}), ...(license ? { license } : {}) })
          }
        >
          {t('preview.take')}
        </Button>
      )}
      {preview.fetched.length > 0 && (
        <ul className="divide-y divide-line rounded-md border border-line text-xs tnum">
          {preview.fetched.map((one) => (
            <li key={one.name} className="flex flex-wrap gap-x-3 px-3 py-1.5">
              <span className="min-w-0 flex-1 font-mono break-all">{one.name}</span>
              <span>HTTP {one.status}</span>
              <span>{bytes(one.bytes)}</span>
              <span className="text-muted">{one.media_type}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
