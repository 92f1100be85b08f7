import { useEffect, useId, useRef, type ReactNode } from 'react';

interface FrameProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** Something over the page; Escape leaves it, and the focus goes back to where it was. */
export function DialogFrame({ title, onClose, children }: FrameProps) {
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
      className="backdrop:bg-black/40 m-auto w-[calc(100%-2rem)] max-w-md space-y-4 rounded-lg border border-control bg-surface p-5 text-ink"
    >
      <h2 id={titleId} className="text-lg font-semibold">
        {title}
      </h2>
      {children}
    </dialog>
  );
}

/** A question over the page, with its answer in one form. */
export function Dialog({ onConfirm, children, ...frame }: FrameProps & { onConfirm: () => void }) {
  return (
    <DialogFrame {...frame}>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        {children}
      </form>
    </DialogFrame>
  );
}
