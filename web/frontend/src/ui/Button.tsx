import type { ButtonHTMLAttributes, ComponentProps } from 'react';
import { Icon } from './Icon';
import type { IconName } from './paths';

type Look = 'primary' | 'plain' | 'quiet' | 'danger';

const LOOK: Record<Look, string> = {
  // Its border is seen where the system's own colours replace ours.
  primary: 'border border-transparent bg-accent text-onaccent font-semibold hover:opacity-90',
  plain: 'border border-control bg-surface text-ink hover:bg-bg',
  quiet: 'text-ink hover:bg-bg',
  danger: 'border border-bad text-bad bg-surface hover:bg-bg',
};

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  icon?: IconName;
  small?: boolean;
}

export const buttonClass = (look: Look = 'plain', small = false) =>
  `inline-flex items-center justify-center gap-1.5 rounded-md whitespace-nowrap transition-colors aria-disabled:opacity-50 ${
    small ? 'min-h-8 px-2.5 text-xs' : 'min-h-10 px-3.5 text-sm'
  } ${LOOK[look]}`;

/** One that cannot be used now can still be reached: whoever pressed it keeps their place on the page. */
export function Button(props: Props) {
  const { look = 'plain', icon, small, disabled, onClick, className, children, ...rest } = props;
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={disabled || undefined}
      onClick={(event) => (disabled ? event.preventDefault() : onClick?.(event))}
      className={`${buttonClass(look, small)} ${className ?? ''}`}
    >
      {icon && <Icon name={icon} size={small ? 15 : 18} />}
      {children}
    </button>
  );
}

/** A button that shows only a sign; its name is said and shown on hover. */
export function IconButton({
  icon,
  label,
  ...rest
}: { icon: IconName; label: string } & ComponentProps<'button'>) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className="grid size-9 shrink-0 place-items-center rounded-md text-muted hover:bg-bg hover:text-ink"
    >
      <Icon name={icon} />
    </button>
  );
}
