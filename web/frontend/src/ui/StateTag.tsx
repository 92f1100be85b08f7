type Tone = 'ok' | 'warn' | 'bad' | 'busy' | 'rest';

const TONE: Record<Tone, [colour: string, sign: string]> = {
  ok: ['text-ok', '✓'],
  warn: ['text-warn', '!'],
  bad: ['text-bad', '✕'],
  busy: ['text-accent', '▸'],
  rest: ['text-muted', '–'],
};

const TONES: Record<string, Tone> = {
  succeeded: 'ok',
  ok: 'ok',
  done: 'ok',
  resolved: 'ok',
  ready: 'ok',
  retryable: 'warn',
  degraded: 'warn',
  late: 'warn',
  dead: 'bad',
  failed: 'bad',
  down: 'bad',
  rejected: 'bad',
  running: 'busy',
  processing: 'busy',
  in_progress: 'busy',
};

/** A state in a word, with a sign and a colour that say the same. */
export function StateTag({ state, word }: { state: string; word: string }) {
  const [colour, sign] = TONE[TONES[state] ?? 'rest'];
  return (
    <span className={`inline-flex items-center gap-1.5 whitespace-nowrap ${colour}`}>
      <span aria-hidden="true" className="w-3 text-center font-semibold">
        {sign}
      </span>
      {word}
    </span>
  );
}

export function Simulated({ word, hint }: { word: string; hint: string }) {
  return (
    <span
      title={hint}
      className="shrink-0 rounded-[3px] border border-dashed border-control px-1 text-xs leading-[14px] text-muted"
    >
      {word}
    </span>
  );
}

export function Progress({ value, label }: { value: number; label: string }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuenow={Math.round(value)}
      aria-valuemin={0}
      aria-valuemax={100}
      className="h-1.5 w-full overflow-hidden rounded-full bg-line"
    >
      <div
        className="h-full rounded-full bg-accent transition-[width]"
        style={{ width: `${value}%` }}
      />
    </div>
  );
}
