import { useMemo } from 'react';
import type { Thing } from '@/api/types';
import { useText } from '@/i18n/useText';
import { Chart } from '@/ui/Chart';
import { useHistory } from './queries';
import { propertyWords, unitOf } from './units';

/** The past of one datastream as a line, and as its least and most in words. */
export default function History({ datastream }: { datastream: Thing['datastreams'][number] }) {
  const { t, count } = useText();
  const { data, isPending } = useHistory(datastream.id);
  const points = useMemo(
    () =>
      (data?.items ?? []).flatMap((item) => {
        const at = item.phenomenon_time ?? item.start;
        const value = item.result ?? item.mean;
        return at && value != null ? [[Date.parse(at) / 1_000, value] as [number, number]] : [];
      }),
    [data],
  );
  if (isPending) return <div className="skeleton h-40" />;
  if (points.length < 2) return <p className="text-muted">{t('detail.noHistory')}</p>;
  const values = points.map(([, value]) => value);
  const name = propertyWords(t, datastream);
  const unit = unitOf(t, datastream);
  return (
    <figure>
      <Chart points={points} label={name} unit={unit} />
      <figcaption className="text-xs text-muted tnum">
        {t('detail.range', {
          name,
          least: count(Math.min(...values)),
          most: count(Math.max(...values)),
          unit,
        })}
      </figcaption>
    </figure>
  );
}
