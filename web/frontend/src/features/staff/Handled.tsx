import { useEffect, useRef } from 'react';
import { Link } from 'wouter';
import type { Report } from '@/api/types';
import { Photos } from '@/features/reports/Photos';
import { useCategoryName, useOwnReport } from '@/features/reports/queries';
import { StatusHistory } from '@/features/reports/StatusHistory';
import { Triage } from '@/features/reports/Triage';
import { useText } from '@/i18n/useText';
import { useTopic } from '@/live/useLive';
import { buttonClass } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { StateTag } from '@/ui/StateTag';
import { Facts } from '@/ui/Table';

interface Props {
  id: string;
  back: string;
  next: string | null;
  zone?: string;
}

/** One report of the queue: all that is known of it, and what to do about it. */
export function Handled({ id, back, next, zone }: Props) {
  const { t } = useText();
  useTopic(`report:${id}`);
  const { data: report, error, isPaused } = useOwnReport(id);
  const heading = useRef<HTMLHeadingElement>(null);
  const isThere = report !== undefined;
  useEffect(() => heading.current?.focus(), [isThere]);
  return (
    <section
      aria-label={t('detail.title')}
      className="rounded-md border border-line bg-surface lg:sticky lg:top-4 lg:max-h-[calc(100dvh-6rem)] lg:overflow-y-auto"
    >
      <div className="flex min-h-11 flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-1.5">
        <Link
          href={back}
          className="inline-flex min-h-8 items-center gap-1 text-muted hover:text-ink"
        >
          <Icon name="back" size={14} /> {t('queue.back')}
        </Link>
        {next && (
          <Link href={next} className={buttonClass('plain', true)}>
            {t('queue.next')}
          </Link>
        )}
      </div>
      <div className="space-y-5 p-4">
        {!report && error && <Notice tone="bad">{error.message}</Notice>}
        {!report && isPaused && <Notice tone="warn">{t('live.offline')}</Notice>}
        {!report && !error && <SkeletonRows rows={5} label={t('list.loading')} />}
        {report && (
          <>
            <div>
              <h2 ref={heading} tabIndex={-1} className="text-lg font-semibold break-words">
                {report.title}
              </h2>
              <p className="mt-0.5 flex flex-wrap gap-x-3 text-muted">
                <span className="tnum">{report.reference}</span>
                <StateTag state={report.status} word={t(`reportStatus.${report.status}`)} />
              </p>
            </div>
            <Photos photos={report.photos} />
            {report.description && (
              <p className="leading-6 break-words whitespace-pre-line">{report.description}</p>
            )}
            <ReportFacts report={report} zone={zone} />
            <Triage report={report} />
            <div>
              <h3 className="mb-2 font-semibold">{t('report.history')}</h3>
              <StatusHistory report={report} zone={zone} />
            </div>
          </>
        )}
      </div>
    </section>
  );
}

function ReportFacts({ report, zone }: { report: Report; zone?: string }) {
  const { t, moment } = useText();
  const nameOf = useCategoryName(report.city);
  const isPublic = report.status !== 'received';
  return (
    <Facts
      facts={[
        [t('detail.category'), nameOf(report.category)],
        [t('detail.address'), report.address],
        [t('report.area'), report.area?.name],
        [
          t('queue.place'),
          report.lon !== null && report.lat !== null && (
            <span className="tnum">
              {report.lat.toFixed(5)}, {report.lon.toFixed(5)}{' '}
              {isPublic && (
                <Link href={`/?city=${report.city}&sel=report:${report.id}`} className="link">
                  {t('progress.onMap')}
                </Link>
              )}
            </span>
          ),
        ],
        [t('report.filed'), moment(report.created_at, zone)],
        [t('report.updated'), moment(report.updated_at, zone)],
        [t('report.supports'), report.supports || null],
        [t('queue.mails'), <Mails key="mails" report={report} zone={zone} />],
      ]}
    />
  );
}

/** What was mailed to the reporter, and how it went. */
function Mails({ report, zone }: { report: Report; zone?: string }) {
  const { t, moment } = useText();
  const mails = report.emails ?? [];
  if (mails.length === 0) return t('queue.noMails');
  return (
    <ul>
      {mails.map((mail) => (
        <li key={mail.id}>
          {t(`mailState.${mail.state}` as 'mailState.sent', { defaultValue: mail.state })}{' '}
          <span className="text-xs text-muted tnum">
            {moment(mail.sent_at ?? mail.created_at, zone)}
          </span>
        </li>
      ))}
    </ul>
  );
}
