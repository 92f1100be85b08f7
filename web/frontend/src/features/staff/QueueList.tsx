import { useLayoutEffect, useRef } from 'react';
import { Link } from 'wouter';
import type { Report } from '@/api/types';
import { useCategoryName } from '@/features/reports/queries';
import { useNow, useText } from '@/i18n/useText';
import { StateTag } from '@/ui/StateTag';
import { walk } from '@/ui/walk';

interface Props {
  city: string;
  reports: Report[];
  chosen: string | null;
  hrefOf: (id: string) => string;
}

/** What waits, a row each; arrows, J and K go from row to row, Enter opens one. */
export function QueueList({ city, reports, chosen, hrefOf }: Props) {
  const { t } = useText();
  const list = useKeptFocus(
    reports.map(({ id }) => id),
    chosen,
  );
  const nameOf = useCategoryName(city);
  return (
    <ul ref={list} aria-label={t('queue.title')}>
      {reports.map((report) => (
        <li key={report.id} className="border-t border-line first:border-t-0">
          <Link
            href={hrefOf(report.id)}
            data-ref={report.id}
            aria-current={report.id === chosen || undefined}
            onKeyDown={walk}
            className="block px-4 py-2 hover:bg-bg focus-visible:-outline-offset-2 aria-[current]:bg-bg aria-[current]:shadow-[inset_3px_0_0_var(--accent)] forced-colors:aria-[current]:border-l-4"
          >
            <Row report={report} category={nameOf(report.category)} />
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Row({ report, category }: { report: Report; category: string }) {
  const { t, age } = useText();
  const now = useNow();
  const more = [
    report.reference,
    // The title begins with it, unless the city calls it otherwise by now.
    report.title.startsWith(category) ? null : category,
    report.area?.name,
    report.photos.length > 0 && t('queue.photos', { count: report.photos.length }),
    report.supports > 0 && t('queue.supports', { count: report.supports }),
  ];
  return (
    <>
      <span className="flex items-baseline justify-between gap-3">
        <span className="min-w-0 font-medium break-words">{report.title}</span>
        <time dateTime={report.created_at} className="shrink-0 text-xs text-muted tnum">
          {age(report.created_at, now)}
        </time>
      </span>
      <span className="flex flex-wrap items-center gap-x-3 text-xs text-muted">
        <StateTag state={report.status} word={t(`reportStatus.${report.status}`)} />
        <span className="tnum">{more.filter(Boolean).join(' · ')}</span>
      </span>
    </>
  );
}

/**
 * Whoever is at a row that leaves the list, handled by another, is left at the one that took its place; who
 * closes a report, at its row.
 */
function useKeptFocus(ids: string[], chosen: string | null) {
  const list = useRef<HTMLUListElement>(null);
  const before = useRef({ ids, chosen });
  // Before what was drawn is changed: who stands in a row that goes stands nowhere afterwards.
  const stood = (document.activeElement as HTMLElement | null)?.dataset.ref;
  useLayoutEffect(() => {
    const { ids: had, chosen: closed } = before.current;
    before.current = { ids, chosen };
    const left = closed !== null && chosen === null ? closed : stood;
    if (!left || document.activeElement !== document.body) return;
    const here = ids.indexOf(left);
    const rows = list.current?.querySelectorAll<HTMLElement>('[data-ref]');
    rows?.[here < 0 ? Math.min(Math.max(0, had.indexOf(left)), ids.length - 1) : here]?.focus();
  });
  return list;
}
