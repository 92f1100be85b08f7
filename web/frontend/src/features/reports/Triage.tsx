import { useRef, useState } from 'react';
import { ApiError } from '@/api/problem';
import type { Report, ReportStatus } from '@/api/types';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Done } from '@/ui/Done';
import { Field } from '@/ui/Field';
import { Notice } from '@/ui/Notice';
import { Panel } from '@/ui/Page';
import { useUpdateReport } from './queries';

/** What was chosen, and what the report was when it was. */
interface Choice {
  from: ReportStatus;
  to: ReportStatus;
}

/** Where a report goes from here, or what its reporter is told; nothing is done to one that another has moved. */
export function Triage({ report }: { report: Report }) {
  const { t } = useText();
  const [choice, setChoice] = useState<Choice | null>(null);
  const [note, setNote] = useState('');
  const [lacksNote, setLacksNote] = useState(false);
  const select = useRef<HTMLSelectElement>(null);
  const update = useUpdateReport(report);
  const isOvertaken = choice !== null && choice.from !== report.status && !update.isPending;
  const status = choice && !isOvertaken ? choice.to : report.status;
  const isLate = update.error instanceof ApiError && update.error.status === 409;
  const word = (one: ReportStatus) => t(`reportStatus.${one}`);

  const save = () => {
    const isReply = status === report.status;
    setLacksNote(isReply && !note.trim());
    if (isOvertaken) return select.current?.focus();
    if (isReply && !note.trim()) return document.getElementById('note')?.focus();
    update.mutate(
      { status, note, was: report.status },
      {
        onSuccess: () => {
          setChoice(null);
          setNote('');
        },
        onError: () => setChoice(null),
      },
    );
  };
  return (
    <Panel title={t('triage.title')}>
      <form
        noValidate
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Field id="status" label={t('detail.status')}>
          {(props) => (
            <select
              {...props}
              ref={select}
              value={status}
              onChange={(e) => {
                update.reset();
                setChoice({ from: report.status, to: e.target.value as ReportStatus });
              }}
            >
              <option value={report.status}>
                {t('triage.stays', { status: word(report.status) })}
              </option>
              {report.moves?.map((one) => (
                <option key={one} value={one}>
                  {word(one)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field
          id="note"
          label={t('triage.note')}
          hint={t('triage.noteHint')}
          error={lacksNote && !note.trim() ? t('triage.noteNeeded') : undefined}
        >
          {(props) => (
            <textarea
              {...props}
              rows={3}
              maxLength={2_000}
              value={note}
              onChange={(e) => setNote(e.target.value)}
            />
          )}
        </Field>
        {(isOvertaken || isLate) && (
          <Notice tone="warn" alert>
            {t('triage.overtaken', { status: word(report.status) })}
          </Notice>
        )}
        {update.isPaused && (
          <Notice tone="warn" alert>
            {t('triage.offline')}
          </Notice>
        )}
        {update.error && !isLate && (
          <Notice tone="bad" alert>
            {update.error.message}
          </Notice>
        )}
        <Button type="submit" look="primary" disabled={update.isPending}>
          {t('triage.save')}
        </Button>
        <Done shown={update.isSuccess}>{t('triage.saved')}</Done>
      </form>
    </Panel>
  );
}
