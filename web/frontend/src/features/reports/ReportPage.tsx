import { useState } from 'react';
import { Link, useParams } from 'wouter';
import type { Report, ReportStatus } from '@/api/types';
import { useSession } from '@/app/session';
import { useCity } from '@/features/city/queries';
import { useText } from '@/i18n/useText';
import { useTopic } from '@/live/useLive';
import { Button, buttonClass } from '@/ui/Button';
import { Done } from '@/ui/Done';
import { Field } from '@/ui/Field';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { StateTag } from '@/ui/StateTag';
import { Facts } from '@/ui/Table';
import { Photos } from './Photos';
import { useReport, useUpdateReport } from './queries';
import { StatusHistory } from './StatusHistory';

const STATUSES: ReportStatus[] = ['received', 'published', 'in_progress', 'resolved', 'closed'];

export default function ReportPage() {
  const { t, moment } = useText();
  const { id = '' } = useParams<{ id: string }>();
  const { user } = useSession();
  useTopic(`report:${id}`);
  const { data: report, error } = useReport(id);
  const city = useCity(report?.city ?? '').data;
  if (error && !report) {
    return (
      <Page title={t('report.notFound')} narrow>
        <Notice tone="bad">{error.message}</Notice>
      </Page>
    );
  }
  if (!report) return <SkeletonRows rows={6} label={t('list.loading')} />;
  const zone = city?.timezone;
  return (
    <Page
      title={report.title}
      lead={
        <span className="flex flex-wrap items-center gap-3">
          <span className="tnum">{report.reference}</span>
          <StateTag state={report.status} word={t(`reportStatus.${report.status}`)} />
        </span>
      }
      actions={
        report.lon !== null && (
          <Link href={`/?city=${report.city}&sel=report:${report.id}`} className={buttonClass()}>
            {t('progress.onMap')}
          </Link>
        )
      }
      narrow
    >
      <Photos photos={report.photos} />
      {report.description && <p className="leading-6 whitespace-pre-line">{report.description}</p>}
      <Panel title={t('report.facts')}>
        <Facts
          facts={[
            [t('detail.category'), report.category],
            [t('detail.address'), report.address],
            [t('report.area'), report.area?.name],
            [t('report.filed'), moment(report.created_at, zone)],
            [t('report.updated'), moment(report.updated_at, zone)],
            [t('report.supports'), report.supports || null],
          ]}
        />
      </Panel>
      <Panel title={t('report.history')}>
        <StatusHistory report={report} zone={zone} />
      </Panel>
      {(user?.role === 'staff' || user?.role === 'admin') && <Triage report={report} />}
    </Page>
  );
}

function Triage({ report }: { report: Report }) {
  const { t } = useText();
  const [status, setStatus] = useState<ReportStatus>(report.status);
  const [note, setNote] = useState('');
  const update = useUpdateReport(report.id);
  return (
    <Panel title={t('triage.title')}>
      <form
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          update.mutate({ status, note }, { onSuccess: () => setNote('') });
        }}
      >
        <Field id="status" label={t('detail.status')}>
          {(props) => (
            <select
              {...props}
              value={status}
              onChange={(e) => setStatus(e.target.value as ReportStatus)}
            >
              {STATUSES.map((one) => (
                <option key={one} value={one}>
                  {t(`reportStatus.${one}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field id="note" label={t('triage.note')} hint={t('triage.noteHint')}>
          {(props) => (
            <textarea {...props} rows={3} value={note} onChange={(e) => setNote(e.target.value)} />
          )}
        </Field>
        {update.error && (
          <Notice tone="bad" alert>
            {update.error.message}
          </Notice>
        )}
        <Button type="submit" look="primary" disabled={update.isPending}>
          {t('triage.save')}
        </Button>
        <Done shown={update.isSuccess}>{t('triage.saved')}</Done>
      </form>
    </Panel>
  );
}
