import type { Call, Departure } from '@/api/types';

/** Kinds of vehicles that run by a timetable; the others are hired, and make no trips. */
const TIMETABLED = new Set(['bus', 'tram', 'subway', 'rail', 'ferry']);

export function runsTrips(kind: string): boolean {
  return TIMETABLED.has(kind);
}

export interface Stopping {
  planned: string | null;
  /** Nobody publishes the time planned: it lies evenly between the timetable's. */
  isApproximate: boolean;
  /** Absent for what is cancelled or skipped, whatever was predicted of it. */
  expected: string | null;
  standing: Standing | null;
}

export interface Standing {
  word: 'cancelled' | 'skipped' | 'noData' | 'onTime' | 'late' | 'early';
  /** Whole minutes late or early. */
  count: number;
}

const NOT_MADE: Record<string, Standing['word']> = { canceled: 'cancelled', skipped: 'skipped' };

/** How a call of a trip stands to its plan; a trip that is canceled makes none of its calls. */
export function callStopping(call: Call, relationship: string): Stopping {
  return stopping({
    relationship: relationship === 'canceled' ? relationship : call.relationship,
    scheduled: call.scheduled_departure ?? call.scheduled_arrival,
    is_approximate: call.is_approximate,
    predicted: call.predicted_departure ?? call.predicted_arrival,
    delay_seconds: call.delay_seconds,
  });
}

export function stopping({
  relationship,
  scheduled,
  is_approximate,
  predicted,
  delay_seconds,
}: Pick<
  Departure,
  'relationship' | 'scheduled' | 'is_approximate' | 'predicted' | 'delay_seconds'
>): Stopping {
  const word = NOT_MADE[relationship];
  const plan = { planned: scheduled ?? null, isApproximate: is_approximate };
  if (word) return { ...plan, expected: null, standing: { word, count: 0 } };
  const standing = relationship === 'no_data' ? { word: 'noData' as const, count: 0 } : null;
  return { ...plan, expected: predicted ?? null, standing: standing ?? lateness(delay_seconds) };
}

/** Less than a whole minute is on time, as on any board. */
function lateness(seconds: number | null | undefined): Standing | null {
  if (seconds == null) return null;
  const count = Math.floor(Math.abs(seconds) / 60);
  return { word: count === 0 ? 'onTime' : seconds > 0 ? 'late' : 'early', count };
}

/** When it is there: as expected, else as planned. */
export function at({ expected, planned }: Stopping): string | null {
  return expected ?? planned;
}

export function isAhead(stop: Stopping, now: number): boolean {
  const time = at(stop);
  return time !== null && Date.parse(time) >= now;
}

/** From the first call that is still to come; all of them when nobody tells any time. */
export function callsAhead(calls: Call[], relationship: string, now: number): Call[] {
  const stops = calls.map((call) => callStopping(call, relationship));
  if (stops.every((stop) => at(stop) === null)) return calls;
  const next = stops.findIndex((stop) => isAhead(stop, now));
  return next < 0 ? [] : calls.slice(next);
}
