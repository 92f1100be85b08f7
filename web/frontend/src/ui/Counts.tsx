import type { ReactNode } from 'react';
import { useText } from '@/i18n/useText';

interface Props {
  label: string;
  chosen: string;
  items: { key: string; word: ReactNode; count: number | null }[];
  onChoose: (key: string) => void;
}

/** How many there are of each state; choosing one shows only those. */
export function Counts({ label, chosen, items, onChoose }: Props) {
  const { count } = useText();
  return (
    <div
      role="group"
      aria-label={label}
      className="flex flex-wrap gap-px overflow-hidden rounded-md border border-line bg-line"
    >
      {items.map((item) => (
        <button
          key={item.key}
          type="button"
          aria-pressed={chosen === item.key}
          onClick={() => onChoose(item.key)}
          className={`min-w-29 flex-1 bg-surface px-3 py-2 text-left hover:bg-bg ${chosen === item.key ? 'shadow-[inset_0_-2px_0_var(--accent)] forced-colors:border-b-4' : ''}`}
        >
          <span className="text-xs">{item.word}</span>
          <span className="block text-lg font-semibold tnum">{count(item.count)}</span>
        </button>
      ))}
    </div>
  );
}
