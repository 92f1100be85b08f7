import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { ApiError } from '@/api/problem';
import type { Feed, FeedRun } from '@/api/types';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Field } from '@/ui/Field';
import { Notice } from '@/ui/Notice';
import { Panel } from '@/ui/Page';
import { useEvent } from '@/ui/useEvent';
import { Difference } from './Difference';
import { useFollowedJob, useReprocess } from './queries';
import { localHoursBefore } from './rules';

interface Asked {
  id: string;
  dry: boolean;
  window: string;
}

/** Run archived payloads again: first dry, with the difference shown, then for good. */
export function ReprocessForm({ feed, runs }: { feed: Feed; runs: FeedRun[] }) {
  const { t } = useText();
  const [start] = useState(() => new Date());
  const [from, setFrom] = useState(localHoursBefore(start, 24));
  const [to, setTo] = useState(localHoursBefore(start, -1));
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState<string | null>(null);
  const [job, setJob] = useState<Asked | null>(null);
  const reprocess = useReprocess(feed.id);

  const problems = reprocess.error instanceof ApiError ? reprocess.error.fields : {};
  const window_ = `${from}/${to}`;
  const send = (dry_run: boolean) =>
    reprocess.mutate(
      { from: new Date(from).toISOString(), to: new Date(to).toISOString(), dry_run, reason },
      {
        onSuccess: ({ job_id }) => {
          setJob({ id: job_id, dry: dry_run, window: window_ });
          setTried(null);
        },
      },
    );
  return (
    <Panel title={t('reprocess.title')}>
      <form
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          send(true);
        }}
      >
        <p className="text-muted">{t('reprocess.lead')}</p>
        <div className="grid gap-3 sm:grid-cols-2">
          <Field id="from" label={t('reprocess.from')} error={problems.from}>
            {(props) => (
              <input
                {...props}
                type="datetime-local"
                required
                value={from}
                onChange={(e) => setFrom(e.target.value)}
              />
            )}
          </Field>
          <Field id="to" label={t('reprocess.to')} error={problems.to && t('reprocess.order')}>
            {(props) => (
              <input
                {...props}
                type="datetime-local"
                required
                value={to}
                onChange={(e) => setTo(e.target.value)}
              />
            )}
          </Field>
        </div>
        <Field id="why" label={t('reason.label')} hint={t('reason.hint')} error={problems.reason}>
          {(props) => (
            <input
              {...props}
              required
              minLength={3}
              value={reason}
              onChange={(e) => setReason(e.target.value)}
            />
          )}
        </Field>
        {reprocess.error && (
          <Notice tone="bad" alert>
            {reprocess.error.message}
          </Notice>
        )}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary" disabled={reprocess.isPending}>
            {t('reprocess.dry')}
          </Button>
          <Button
            look="danger"
            disabled={tried !== window_ || reprocess.isPending || reason.trim().length < 3}
            title={tried === window_ ? undefined : t('reprocess.dryFirst')}
            onClick={() => send(false)}
          >
            {t('reprocess.real')}
          </Button>
        </div>
      </form>
      {job && (
        <Outcome
          key={job.id}
          job={job}
          runs={runs}
          onSeen={() => job.dry && setTried(job.window)}
        />
      )}
    </Panel>
  );
}

interface OutcomeProps {
  job: Asked;
  runs: FeedRun[];
  /** It ended well and what it found is shown. */
  onSeen: () => void;
}

function Outcome({ job, runs, onSeen }: OutcomeProps) {
  const { t } = useText();
  const cache = useQueryClient();
  const { job: told, isEnded } = useFollowedJob(job.id);
  const mine = runs.filter((run) => run.job_id === job.id);
  const seen = useEvent(onSeen);
  const isDone = told?.state === 'succeeded';
  useEffect(() => {
    if (isEnded) void cache.invalidateQueries({ queryKey: ['runs'] });
    if (isDone) seen();
  }, [cache, isEnded, isDone, seen]);
  return (
    <div className="mt-4 space-y-3 border-t border-line pt-3">
      <p role="status">
        {t(job.dry ? 'reprocess.dryOutcome' : 'reprocess.realOutcome')}{' '}
        <Link href={`/admin/jobs/${job.id}`} className="link">
          {told ? t(`jobState.${told.state}`) : t('sources.followJob')}
        </Link>
      </p>
      {told?.error && <Notice tone="bad">{told.error}</Notice>}
      {isDone && mine.length === 0 && <p className="text-muted">{t('reprocess.empty')}</p>}
      {mine.map((run) => run.difference && <Difference key={run.id} difference={run.difference} />)}
    </div>
  );
}
