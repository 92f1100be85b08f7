import { Link, useParams, useSearch } from 'wouter';
import { useTopic } from '@/live/useLive';
import { useText } from '@/i18n/useText';
import { useCity } from '@/features/city/queries';
import { Notice, SkeletonRows } from '@/ui/Notice';
import { buttonClass } from '@/ui/Button';
import { Page, Panel } from '@/ui/Page';
import { Photos } from './Photos';
import { useReport } from './queries';
import { Stepper } from './Stepper';

export default function ReportProgress() {
  const { t } = useText();
  const { id = '' } = useParams<{ id: string }>();
  const token = new URLSearchParams(useSearch()).get('t');
  useTopic(`report:${id}`);
  const { data: report, error } = useReport(id, token);
  const city = useCity(report?.city ?? '').data;
  if (error && !report) {
    return (
      <Page title={t('progress.title')} narrow>
        <Notice tone="bad" alert>
          {error.message}
        </Notice>
      </Page>
    );
  }
  if (!report) return <SkeletonRows rows={6} label={t('list.loading')} />;
  const open = report.steps.some((step) => step.state === 'waiting' || step.state === 'running');
  return (
    <Page
      title={t(open ? 'progress.title' : 'progress.done')}
      lead={t('progress.lead', { reference: report.reference })}
      narrow
    >
      <Panel title={t('progress.steps')}>
        <div aria-live="polite">
          <Stepper steps={report.steps} zone={city?.timezone} />
        </div>
      </Panel>
      <Photos photos={report.photos} />
      <div className="flex flex-wrap gap-2">
        <Link href={`/reports/${report.id}`} className={buttonClass('primary')}>
          {t('progress.view')}
        </Link>
        <Link href={`/?city=${report.city}&sel=report:${report.id}`} className={buttonClass()}>
          {t('progress.onMap')}
        </Link>
      </div>
      <p className="text-xs text-muted">{t('progress.keep')}</p>
    </Page>
  );
}
