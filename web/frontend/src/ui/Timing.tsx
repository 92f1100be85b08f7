import type { Source, Times } from '@/api/types';
import { useNow, useText } from '@/i18n/useText';
import { Icon } from './Icon';
import { safeUrl } from './safeUrl';
import { Simulated } from './StateTag';
import { Facts } from './Table';

/** The three times of an item and whose word it is: shown wherever an item is shown whole. */
export function Timing({ times, zone }: { times: Times; zone?: string }) {
  const { t, moment, age } = useText();
  const now = useNow();
  const line = (at: string | null | undefined) =>
    at ? (
      <time dateTime={at} className="tnum">
        {moment(at, zone)}
        <span className="text-muted"> · {t('time.ago', { age: age(at, now) })}</span>
      </time>
    ) : (
      <span className="text-muted">{t('time.unknown')}</span>
    );
  return (
    <Facts
      facts={[
        [t('time.observed'), line(times.observed_at)],
        [t('time.published'), line(times.published_at)],
        [t('time.fetched'), line(times.fetched_at)],
      ]}
    />
  );
}

export function SourceLine({ source }: { source: Source }) {
  const { t } = useText();
  return (
    <div className="space-y-1">
      <p className="flex flex-wrap items-center gap-2">
        {safeUrl(source.url) ? (
          <a
            href={safeUrl(source.url)}
            rel="noopener noreferrer"
            target="_blank"
            className="inline-flex items-center gap-1 text-accent underline underline-offset-2"
          >
            {source.name}
            <Icon name="link" size={14} />
          </a>
        ) : (
          <span>{source.name}</span>
        )}
        {source.simulated && (
          <Simulated word={t('item.simulated')} hint={t('item.simulatedMeans')} />
        )}
      </p>
      <p className="text-xs text-muted">
        {[source.attribution, source.license].filter(Boolean).join(' · ')}
      </p>
    </div>
  );
}
