import type { ReactNode } from 'react';
import { useText } from '@/i18n/useText';
import { Button } from './Button';
import { Dialog } from './Dialog';
import { Notice } from './Notice';

interface Props {
  title: string;
  confirm: string;
  busy: boolean;
  error: string | null;
  /** What will be lost, with its numbers. */
  children: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
}

/** Shows what will be lost before it is. */
export function ConfirmDialog(props: Props) {
  const { title, confirm, busy, error, children, onConfirm, onClose } = props;
  const { t } = useText();
  return (
    <Dialog title={title} onClose={onClose} onConfirm={onConfirm}>
      {children}
      {error && (
        <Notice tone="bad" alert>
          {error}
        </Notice>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{t('reason.leave')}</Button>
        <Button type="submit" look="danger" disabled={busy}>
          {confirm}
        </Button>
      </div>
    </Dialog>
  );
}
