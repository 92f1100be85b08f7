import { Link, useParams } from 'wouter';
import { isStaff, useSession } from '@/app/session';
import { useCity } from '@/features/city/queries';
import { useText } from '@/i18n/useText';
import { useTopic } from '@/live/useLive';
import { buttonClass } from '@/ui/Button';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { Page, Panel } from '@/ui/Page';
import { StateTag } from '@/ui/StateTag';
import { Facts } from '@/ui/Table';
import { Photos } from './Photos';
import { useCategoryName, useOwnReport } from './queries';
import { StatusHistory } from './StatusHistory';
import { Triage } from './Triage';

export default function ReportPage() {
  const { t, moment } = useText();
  const { id = '' } = useParams<{ id: string }>();
  const { user } = useSession();
  useTopic(`report:${id}`);
  const { data: report, error } = useOwnReport(id);
  const city = useCity(report?.city ?? '').data;
  const nameOf = useCategoryName(report?.city ?? '');
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
            [t('detail.category'), nameOf(report.category)],
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
      {isStaff(user) && <Triage report={report} />}
    </Page>
  );
}
