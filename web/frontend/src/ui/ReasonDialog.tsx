import { useState, type ReactNode } from 'react';
import { useText } from '@/i18n/useText';
import { Button } from './Button';
import { Dialog } from './Dialog';
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
  const [reason, setReason] = useState('');
  return (
    <Dialog title={title} onClose={onClose} onConfirm={() => onConfirm(reason.trim())}>
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
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>{t('reason.leave')}</Button>
        <Button type="submit" look={danger ? 'danger' : 'primary'} disabled={busy}>
          {confirm}
        </Button>
      </div>
    </Dialog>
  );
}
