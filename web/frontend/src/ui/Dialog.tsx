import { useEffect, useId, useRef, type ReactNode } from 'react';

interface Props {
  title: string;
  onClose: () => void;
  onConfirm: () => void;
  children: ReactNode;
}

/** A question over the page; Escape leaves it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, onConfirm, children }: Props) {
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onClose={onClose}
      className="backdrop:bg-black/40 m-auto w-[calc(100%-2rem)] max-w-md rounded-lg border border-control bg-surface p-5 text-ink"
    >
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <h2 id={titleId} className="text-lg font-semibold">
          {title}
        </h2>
        {children}
      </form>
    </dialog>
  );
}
