/**
 * Milliseconds to wait before try number `attempt` (0 is the first repeat), with full jitter:
 * a crowd that lost its server together does not come back together.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(30_000, 500 * 2 ** attempt);
  return Math.round(500 + random() * Math.max(0, ceiling - 500));
}
