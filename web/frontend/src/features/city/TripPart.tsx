import { useState } from 'react';
import { ApiError } from '@/api/problem';
import type { Call, City, Trip, Vehicle } from '@/api/types';
import { useNow, useText } from '@/i18n/useText';
import type { Ref } from '@/map/geojson';
import { Button } from '@/ui/Button';
import { FreshnessMark } from '@/ui/FreshnessMark';
import { Notice } from '@/ui/Notice';
import { Part, Waiting } from './DetailParts';
import { trueAt } from './items';
import { useTrip } from './queries';
import { StandingWord, StopTime } from './StopTime';
import { callsAhead, callStopping } from './trips';

const SHOWN = 6;

interface Props {
  vehicle: Vehicle;
  city: City;
  onSelect: (ref: Ref) => void;
}

/** Where a vehicle calls next, as the newest prediction of its trip has it. */
export function TripPart({ vehicle, city, onSelect }: Props) {
  const { t } = useText();
  const { data: trip, error } = useTrip(vehicle);
  const isUnknown = error instanceof ApiError && error.status === 404;
  return (
    <Part title={t('trip.title')}>
      {isUnknown ? (
        <p className="text-muted">{t('trip.unknown')}</p>
      ) : trip ? (
        <Calls key={trip.trip_id} trip={trip} zone={city.timezone} onSelect={onSelect} />
      ) : error ? (
        <Notice tone="bad">{error.message}</Notice>
      ) : (
        <Waiting />
      )}
    </Part>
  );
}

function Calls({
  trip,
  zone,
  onSelect,
}: {
  trip: Trip;
  zone: string;
  onSelect: Props['onSelect'];
}) {
  const { t, age } = useText();
  const now = useNow();
  const [all, setAll] = useState(false);
  const ahead = callsAhead(trip.calls, trip.relationship, now);
  return (
    <>
      <p className="flex items-center gap-1.5 text-xs text-muted">
        <FreshnessMark freshness={trip.freshness} />
        {t('time.ago', { age: age(trueAt(trip), now) })}
      </p>
      {ahead.length === 0 && <p className="mt-2 text-muted">{t('trip.over')}</p>}
      <ol className="mt-1">
        {(all ? ahead : ahead.slice(0, SHOWN)).map((call, index) => (
          <CallRow
            key={call.stop_sequence ?? `${call.stop_id}/${index}`}
            call={call}
            trip={trip}
            zone={zone}
            onSelect={onSelect}
          />
        ))}
      </ol>
      {!all && ahead.length > SHOWN && (
        <Button small className="mt-2" onClick={() => setAll(true)}>
          {t('trip.all', { count: ahead.length })}
        </Button>
      )}
    </>
  );
}

interface RowProps {
  call: Call;
  trip: Trip;
  zone: string;
  onSelect: Props['onSelect'];
}

function CallRow({ call, trip, zone, onSelect }: RowProps) {
  const { t } = useText();
  const stop = callStopping(call, trip.relationship);
  const name = call.name ?? call.stop_id ?? t('trip.unnamed', { number: call.stop_sequence ?? '' });
  const { thing_id } = call;
  return (
    <li className="flex min-h-9 items-center gap-3 border-b border-line py-1">
      <StopTime stop={stop} zone={zone} freshness={trip.freshness} />
      {thing_id ? (
        <button
          type="button"
          title={t('departures.open')}
          onClick={() => onSelect(`thing:${thing_id}`)}
          className="min-h-7 min-w-0 flex-1 text-left break-words text-accent underline underline-offset-2"
        >
          {name}
        </button>
      ) : (
        <span className="min-w-0 flex-1 break-words">{name}</span>
      )}
      <StandingWord stop={stop} />
    </li>
  );
}
