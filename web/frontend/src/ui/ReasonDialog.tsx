import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useText } from '@/i18n/useText';
import { Button } from './Button';
import { Field } from './Field';
import { Notice } from './Notice';

interface Props {
  title: string;
  confirm: string;
  danger?: boolean;
  busy: boolean;
  error: string | null;
  children?: ReactNode;
  onConfirm: (reason: string) => void;
  onClose: () => void;
}

/** Asks why, before something is done that others will want explained. */
export function ReasonDialog(props: Props) {
  const { title, confirm, danger, busy, error, children, onConfirm, onClose } = props;
  const { t } = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState('');
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="reason-title"
      onClose={onClose}
      className="backdrop:bg-black/40 m-auto w-full max-w-md rounded-lg border border-control bg-surface p-5 text-ink"
    >
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm(reason.trim());
        }}
      >
        <h2 id="reason-title" className="text-lg font-semibold">
          {title}
        </h2>
        {children}
        <Field id="reason" label={t('reason.label')} hint={t('reason.hint')}>
          {(field) => (
            <input
              {...field}
              required
              minLength={3}
              value={reason}
              onChange={(e) => setReason(e.target.value)}
            />
          )}
        </Field>
        {error && (
          <Notice tone="bad" alert>
            {error}
          </Notice>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('reason.leave')}</Button>
          <Button type="submit" look={danger ? 'danger' : 'primary'} disabled={busy}>
            {confirm}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
