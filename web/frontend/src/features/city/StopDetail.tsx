import { ApiError } from '@/api/problem';
import type { City, Departure, Departures } from '@/api/types';
import { useNow, useText } from '@/i18n/useText';
import { FreshnessMark } from '@/ui/FreshnessMark';
import { Notice } from '@/ui/Notice';
import { Simulated } from '@/ui/StateTag';
import { Facts } from '@/ui/Table';
import { SourceLine, Timing } from '@/ui/Timing';
import { Gone, Head, Line, Part, plainProperties, Waiting } from './DetailParts';
import { trueAt } from './items';
import { useDepartures } from './queries';
import { StandingWord, StopTime } from './StopTime';
import { isAhead, stopping } from './trips';

/** A stop of a timetable with what leaves there next. */
export function StopDetail({ id, city }: { id: string; city: City }) {
  const { t } = useText();
  const { data, error } = useDepartures(id);
  if (!data) {
    if (error instanceof ApiError && error.status === 404) return <Gone />;
    return error ? <Notice tone="bad">{error.message}</Notice> : <Waiting />;
  }
  const { thing, feeds } = data;
  return (
    <article>
      <Head kind={thing.kind} title={thing.name} />
      <Part title={t('departures.title')}>
        <Board board={data} zone={city.timezone} />
      </Part>
      <div className="mt-4">
        <Facts facts={plainProperties(t, thing.properties, [thing.name])} />
      </div>
      <Part title={t('detail.source')}>
        <div className="space-y-3">
          {[...feeds.map((feed) => feed.source), thing.source].map((source) => (
            <SourceLine key={source.feed_id} source={source} />
          ))}
        </div>
      </Part>
      <Part title={t('detail.times')}>
        <Timing times={thing.times} zone={city.timezone} />
      </Part>
    </article>
  );
}

/** Who predicts, and what leaves next; that nothing is told is no promise where the source is silent. */
function Board({ board, zone }: { board: Departures; zone: string }) {
  const { t } = useText();
  const now = useNow();
  const next = board.items.filter((one) => isAhead(stopping(one), now));
  return (
    <>
      {board.feeds.map((feed) => (
        <p key={feed.source.feed_id} className="flex items-center gap-1.5 text-xs text-muted">
          <FreshnessMark freshness={feed.freshness} />
          {feed.source.name}
          {feed.source.simulated && (
            <Simulated word={t('item.simulated')} hint={t('item.simulatedMeans')} />
          )}
        </p>
      ))}
      {next.length === 0 && (
        <p className="mt-2 text-muted">
          {t(board.feeds.length > 0 ? 'departures.none' : 'departures.nobody')}
        </p>
      )}
      <ol className="mt-1">
        {next.map((one) => (
          <DepartureRow
            key={`${one.trip_id}/${one.start_date}/${one.stop_id}/${one.scheduled ?? one.predicted}`}
            departure={one}
            zone={zone}
            now={now}
          />
        ))}
      </ol>
    </>
  );
}

interface RowProps {
  departure: Departure;
  zone: string;
  now: number;
}

function DepartureRow({ departure, zone, now }: RowProps) {
  const { t, age } = useText();
  const stop = stopping(departure);
  return (
    <li className="border-b border-line py-1.5">
      <div className="flex items-baseline gap-3">
        <StopTime stop={stop} zone={zone} freshness={departure.freshness} />
        <span className="font-medium">
          <Line {...departure} />
        </span>
        <span className="min-w-0 flex-1 break-words">{departure.headsign}</span>
        <StandingWord stop={stop} />
      </div>
      <p className="flex items-center gap-1.5 text-xs text-muted">
        <FreshnessMark freshness={departure.freshness} />
        {t('time.ago', { age: age(trueAt(departure), now) })}
      </p>
    </li>
  );
}
