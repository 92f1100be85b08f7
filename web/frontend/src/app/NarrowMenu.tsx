import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useText } from '@/i18n/useText';
import { IconButton } from '@/ui/Button';

/** What a narrow bar has no room for. Escape closes it, and so does whoever goes on past it. */
export function NarrowMenu({ className, children }: { className: string; children: ReactNode }) {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  const menu = useRef<HTMLSpanElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation(); // what is open below it stays so
      setOpen(false);
      opener.current?.focus();
    };
    const onFocus = ({ target }: FocusEvent) =>
      menu.current?.contains(target as Node) || setOpen(false);
    document.addEventListener('keydown', onKey, true);
    document.addEventListener('focusin', onFocus);
    return () => {
      document.removeEventListener('keydown', onKey, true);
      document.removeEventListener('focusin', onFocus);
    };
  }, [open]);
  return (
    <span ref={menu} className={className}>
      <IconButton
        ref={opener}
        icon={open ? 'close' : 'list'}
        label={t('nav.menu')}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      />
      {open && (
        <div
          className="absolute inset-x-0 top-full border-b border-line bg-surface p-3 shadow-lg"
          onClickCapture={(event) => (event.target as HTMLElement).closest('a') && setOpen(false)}
        >
          {children}
        </div>
      )}
    </span>
  );
}
