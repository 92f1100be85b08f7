/** All refusals of a run, whatever their reasons. */
export function rejectedCount(rejected: Record<string, number> | null | undefined): number {
  return Object.values(rejected ?? {}).reduce((a, b) => a + b, 0);
}

/** A local `datetime-local` value, `hours` before an instant. */
export function localHoursBefore(now: Date, hours: number): string {
  const at = new Date(now.getTime() - hours * 3_600_000 - now.getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 16);
}

/** Numbers of a difference first, then what it lists. Pure. */
export function readDifference(difference: Record<string, unknown>): {
  counts: [string, number][];
  rest: [string, unknown][];
} {
  const entries = Object.entries(difference);
  return {
    counts: entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
    rest: entries.filter(([, value]) => typeof value !== 'number' && value !== null),
  };
}
