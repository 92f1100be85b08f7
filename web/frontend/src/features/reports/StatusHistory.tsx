import type { Report } from '@/api/types';
import { useText } from '@/i18n/useText';

export function StatusHistory({ report, zone }: { report: Report; zone?: string }) {
  const { t, moment } = useText();
  const entries = report.history.length
    ? report.history
    : [{ at: report.created_at, status: 'received', note: null }];
  return (
    <ol className="space-y-3">
      {[...entries].reverse().map((entry, i) => (
        <li key={entry.at + entry.status} className="flex gap-3">
          <span
            aria-hidden="true"
            className={`mt-1.5 size-2.5 shrink-0 rounded-full border-2 ${i === 0 ? 'border-accent bg-accent' : 'border-control'}`}
          />
          <div>
            <p>
              {t(`reportStatus.${entry.status}` as 'reportStatus.received', {
                defaultValue: entry.status,
              })}
            </p>
            <p className="text-xs text-muted tnum">{moment(entry.at, zone)}</p>
            {entry.note && <p className="mt-0.5">{entry.note}</p>}
          </div>
        </li>
      ))}
    </ol>
  );
}
