import type { ReportStep } from '@/api/types';
import { useText } from '@/i18n/useText';
import { Icon } from '@/ui/Icon';

const RING: Record<ReportStep['state'], string> = {
  done: 'border-ok text-ok',
  running: 'border-accent text-accent',
  waiting: 'border-line text-muted',
  failed: 'border-bad text-bad',
  skipped: 'border-line text-muted',
};

/** What happens to a report, step by step, as it happens. */
export function Stepper({ steps, zone }: { steps: ReportStep[]; zone?: string }) {
  const { t, clock } = useText();
  return (
    <ol className="relative" aria-label={t('progress.steps')}>
      {steps.map((step, i) => (
        <li
          key={step.key}
          aria-atomic="true"
          data-step={step.key}
          data-state={step.state}
          className="relative flex gap-4 pb-6 last:pb-0"
        >
          {i < steps.length - 1 && (
            <span
              aria-hidden="true"
              className={`absolute top-8 bottom-0 left-[15px] w-0.5 ${step.state === 'done' ? 'bg-ok' : 'bg-line'}`}
            />
          )}
          <span
            aria-hidden="true"
            className={`grid size-8 shrink-0 place-items-center rounded-full border-2 bg-surface ${RING[step.state]}`}
          >
            {step.state === 'done' && <Icon name="check" size={16} />}
            {step.state === 'failed' && <Icon name="close" size={16} />}
            {step.state === 'running' && <Icon name="pulse" size={16} />}
            {step.state === 'skipped' && '–'}
          </span>
          <div className="min-w-0 pt-1">
            <p className={step.state === 'waiting' ? 'text-muted' : 'font-medium'}>
              {t(`steps.${step.key}`)}
            </p>
            <p className="text-xs text-muted">
              {t(`stepState.${step.state}`)}
              {step.at && (
                <>
                  {' · '}
                  <time dateTime={step.at} className="tnum">
                    {clock(step.at, zone)}
                  </time>
                </>
              )}
            </p>
            {step.detail && <p className="mt-0.5 break-words">{step.detail}</p>}
          </div>
        </li>
      ))}
    </ol>
  );
}
