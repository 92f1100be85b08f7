import type { ReactNode } from 'react';
import { Icon } from './Icon';
import type { IconName } from './paths';

interface Props {
  tone?: 'info' | 'warn' | 'bad' | 'ok';
  children: ReactNode;
  action?: ReactNode;
  /** Said at once by a screen reader. */
  alert?: boolean;
}

const TONE: Record<NonNullable<Props['tone']>, [colour: string, icon: IconName]> = {
  info: ['border-l-accent', 'list'],
  warn: ['border-l-warn', 'alert'],
  bad: ['border-l-bad', 'alert'],
  ok: ['border-l-ok', 'check'],
};

export function Notice({ tone = 'info', children, action, alert }: Props) {
  const [border, icon] = TONE[tone];
  return (
    <div
      role={alert ? 'alert' : undefined}
      className={`flex items-start gap-2.5 rounded-r-md border border-l-4 border-line bg-surface px-3 py-2.5 ${border}`}
    >
      <Icon name={icon} className="mt-px text-muted" />
      {/* Where it is too narrow for both, the action stands below the words. */}
      <div className="flex min-w-0 flex-1 flex-wrap items-start gap-2.5">
        <div className="min-w-0 flex-1 basis-48 break-words">{children}</div>
        {action}
      </div>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="px-6 py-10 text-center">
      <p className="font-medium">{title}</p>
      {children && <div className="mt-1 text-muted">{children}</div>}
    </div>
  );
}

export function SkeletonRows({ rows = 8, label }: { rows?: number; label: string }) {
  return (
    <div role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="flex items-center gap-3 border-b border-line px-4 py-3">
          <span className="skeleton size-7 shrink-0" />
          <span className="flex-1 space-y-2">
            <span className="skeleton block h-3" style={{ width: `${82 - ((i * 17) % 40)}%` }} />
            <span className="skeleton block h-2.5" style={{ width: `${54 - ((i * 11) % 20)}%` }} />
          </span>
        </div>
      ))}
    </div>
  );
}
