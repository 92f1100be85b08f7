import type { ReactNode } from 'react';
import type { Feature, Vehicle } from '@/api/types';
import { useText } from '@/i18n/useText';
import { FreshnessMark } from '@/ui/FreshnessMark';
import { KindBadge } from '@/ui/KindBadge';
import { Notice } from '@/ui/Notice';
import { humanWords, type Say } from './units';

interface HeadProps {
  kind: string;
  title: string;
  freshness?: Feature['freshness'];
  children?: ReactNode;
}

export function Head({ kind, title, freshness, children }: HeadProps) {
  const { t } = useText();
  return (
    <header className="flex gap-3">
      <KindBadge kind={kind} size={40} />
      <div className="min-w-0">
        <p className="flex items-center gap-2 text-xs text-muted">
          {t(`kind.${kind}` as 'kind.report', { defaultValue: kind })}
          {freshness && <FreshnessMark freshness={freshness} />}
        </p>
        <h2 className="text-lg leading-6 font-semibold break-words">{title}</h2>
        {children}
      </div>
    </header>
  );
}

export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mt-5 border-t border-line pt-3">
      <h3 className="mb-2 text-xs font-medium text-muted">{title}</h3>
      {children}
    </section>
  );
}

export function Gone() {
  const { t } = useText();
  return <Notice tone="warn">{t('detail.gone')}</Notice>;
}

/** A line by the name riders know, beside its colour when the timetable tells one. */
export function Line({
  route,
  route_name,
  route_color,
}: Pick<Vehicle, 'route' | 'route_name' | 'route_color'>) {
  return (
    <span className="inline-flex items-center gap-2">
      {route_color && (
        <span
          aria-hidden="true"
          className="inline-block size-3 shrink-0 border border-line"
          style={{ backgroundColor: route_color }}
        />
      )}
      {route_name ?? route}
    </span>
  );
}

export function Waiting() {
  return (
    <div className="space-y-3">
      <div className="skeleton h-6 w-3/4" />
      <div className="skeleton h-4 w-1/2" />
      <div className="skeleton h-24" />
    </div>
  );
}

/** The publisher's own fields that are plain values, less those that are told already. */
export function plainProperties(
  t: Say,
  properties: Record<string, unknown> | undefined,
  told: (string | null | undefined)[] = [],
): [string, string][] {
  const known = new Set(told.map((value) => value?.toLowerCase()));
  return Object.entries(properties ?? {})
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value) && value !== '')
    .filter(([, value]) => !known.has(String(value).toLowerCase()))
    .slice(0, 12)
    .map(([name, value]) => [
      humanWords(t, name) ?? name,
      typeof value === 'number' ? String(value) : (humanWords(t, String(value)) ?? ''),
    ]);
}
