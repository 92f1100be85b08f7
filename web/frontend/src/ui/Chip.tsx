import { Icon } from './Icon';
import { FILL, look } from './kinds';

interface Props {
  kind: string;
  label: string;
  count?: string;
  pressed: boolean;
  onToggle: () => void;
}

/** A kind that is shown or hidden. */
export function Chip({ kind, label, count, pressed, onToggle }: Props) {
  const { icon, colour } = look(kind);
  return (
    <button
      type="button"
      aria-pressed={pressed}
      onClick={onToggle}
      className={`inline-flex min-h-7 items-center gap-1.5 rounded-full border py-0.5 pr-2.5 pl-1 text-xs ${
        pressed ? 'border-ink bg-surface text-ink' : 'border-line text-muted hover:border-control'
      }`}
    >
      <span
        className={`grid size-5 place-items-center rounded-full ${
          pressed ? `${FILL[colour]} text-onaccent` : 'text-muted'
        }`}
      >
        <Icon name={pressed ? 'check' : icon} size={13} />
      </span>
      {label}
      {count !== undefined && <span className="text-muted tnum">{count}</span>}
    </button>
  );
}
