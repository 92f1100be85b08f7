import { Icon } from './Icon';
import { FILL, look } from './kinds';

/** The sign of a kind in its colour; the kind's name stands beside it in words. */
export function KindBadge({ kind, size = 28 }: { kind: string; size?: number }) {
  const { icon, colour } = look(kind);
  return (
    <span
      className={`inline-grid shrink-0 place-items-center rounded-[7px] text-onaccent ${FILL[colour]}`}
      style={{ width: size, height: size }}
      aria-hidden="true"
    >
      <Icon name={icon} size={Math.round(size * 0.64)} />
    </span>
  );
}
