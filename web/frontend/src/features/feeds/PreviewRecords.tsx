import type { ReactNode } from 'react';
import type { FeedPreview } from '@/api/types';
import { useText } from '@/i18n/useText';
import { byReason, summary } from './rules';

/** The first records that were read, each with all that it would be stored as. */
export function Records({ preview }: { preview: FeedPreview }) {
  const { t, count, moment } = useText();
  if (preview.records.length === 0) return null;
  const types = Object.entries(preview.read).filter(([type]) => type !== 'Rejected');
  return (
    <section aria-labelledby="preview-records">
      <h3 id="preview-records" className="font-semibold">
        {t('preview.records')}
      </h3>
      <p className="text-xs text-muted tnum">
        {types.map(([type, number]) => `${type}: ${count(number)}`).join(' · ')}
      </p>
      <ol className="mt-2 divide-y divide-line rounded-md border border-line">
        {preview.records.map((record, index) => {
          const { type, title, place, at } = summary(record);
          return (
            <li key={index}>
              <Details record={record}>
                <span className="shrink-0 font-mono text-xs text-muted">{type}</span>
                <span className="min-w-0 flex-1 break-words">{title}</span>
                <span className="text-xs text-muted tnum">
                  {[place, at && moment(at)].filter(Boolean).join(' · ')}
                </span>
              </Details>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** What would be set aside, by the reason, with the first records of each. */
export function Problems({ preview }: { preview: FeedPreview }) {
  const { t, count } = useText();
  const reasons = byReason(preview);
  if (reasons.length === 0) return null;
  return (
    <section aria-labelledby="preview-problems">
      <h3 id="preview-problems" className="font-semibold">
        {t('preview.problems')}
      </h3>
      <ul className="mt-2 space-y-3">
        {reasons.map(({ reason, count: number, samples }) => (
          <li key={reason}>
            <p>
              <code className="text-bad">{reason}</code>{' '}
              <span className="text-muted tnum">{count(number)}</span>
            </p>
            <ol className="mt-1 divide-y divide-line rounded-md border border-line">
              {samples.map((record, index) => (
                <li key={index}>
                  <Details record={record}>
                    <span className="min-w-0 flex-1 text-xs break-words">
                      {String(record.detail ?? record.record)}
                    </span>
                    <span className="font-mono text-xs text-muted">
                      {String(record.external_id ?? record.record)}
                    </span>
                  </Details>
                </li>
              ))}
            </ol>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Details({ record, children }: { record: object; children: ReactNode }) {
  return (
    <details>
      <summary className="px-3 py-1.5 hover:bg-bg">
        <span className="inline-flex w-[calc(100%-1.25rem)] flex-wrap items-baseline gap-x-3 align-top">
          {children}
        </span>
      </summary>
      <pre className="max-h-72 overflow-auto border-t border-line bg-bg p-3 font-mono text-xs whitespace-pre-wrap">
        {JSON.stringify(record, null, 2)}
      </pre>
    </details>
  );
}
