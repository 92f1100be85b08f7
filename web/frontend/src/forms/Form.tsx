import { useMutation } from '@tanstack/react-query';
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import { ApiError } from '@/api/problem';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { ErrorSummary } from '@/ui/ErrorSummary';
import { Notice } from '@/ui/Notice';
import { missing, refused, ruleWord, type FieldProblem } from './rules';

interface FormValue {
  id: (name: string) => string;
  problem: (name: string) => string | undefined;
}

const FormContext = createContext<FormValue | null>(null);

export function useFormField(name: string) {
  const form = useContext(FormContext);
  if (!form) throw new Error('a field outside a Form');
  return { id: form.id(name), error: form.problem(name) };
}

interface Sent {
  form: HTMLFormElement;
  isAlso: boolean;
}

interface Props<Result> {
  /** Its fields' ids begin with it, so that several forms can share a page. */
  id: string;
  action: string;
  look?: 'primary' | 'plain' | 'danger';
  wide?: boolean;
  send: (values: Record<string, string>, form: FormData) => Promise<Result>;
  onDone?: (result: Result, form: HTMLFormElement) => void;
  /** Another thing to do with what the form holds, before it is sent for good. */
  also?: {
    action: string;
    send: (values: Record<string, string>, form: FormData) => Promise<void>;
  };
  /** Something in the form was changed. */
  onChange?: () => void;
  /** Shown beside the action: the way out of a form that was opened on purpose. */
  onLeave?: () => void;
  /** Words for a refusal that is about no field; without any the server's sentence is shown. */
  explain?: (error: unknown) => ReactNode;
  children: ReactNode;
}

/**
 * A form whose refusals are bound to its fields: a summary that takes the focus, and words at each
 * field. What was typed stays in the fields, whatever the answer.
 */
export function Form<Result>(props: Props<Result>) {
  const { id, action, look = 'primary', wide, send, also, onDone, onChange } = props;
  const { onLeave, explain, children } = props;
  const { t } = useText();
  const [problems, setProblems] = useState<FieldProblem[]>([]);
  const call = useMutation({
    mutationFn: async ({ form, isAlso }: Sent): Promise<Result | null> => {
      const data = new FormData(form);
      const values = [...data].map(([name, value]) => [
        name,
        typeof value === 'string' ? value : '',
      ]);
      const told = Object.fromEntries(values) as Record<string, string>;
      if (!isAlso || !also) return send(told, data);
      await also.send(told, data);
      return null;
    },
    onError: (error, { form }) => setProblems(refused(error, form)),
    onSuccess: (result, { form, isAlso }) => {
      if (!isAlso) onDone?.(result as Result, form);
    },
  });

  const told = useMemo(
    () =>
      problems.map(({ field, label, rule, message }) => {
        const known = ruleWord(rule);
        const word = known ? t(`rule.${known}`) : sentence(message);
        return { name: field, word, field: `${id}-${field}`, message: `${label}: ${word}` };
      }),
    [problems, id, t],
  );
  const value: FormValue = {
    id: (name) => `${id}-${name}`,
    problem: (name) => told.find((one) => one.name === name)?.word,
  };
  return (
    <FormContext.Provider value={value}>
      <form
        noValidate
        className="space-y-4"
        onChange={onChange}
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const { submitter } = event.nativeEvent as SubmitEvent;
          const found = missing(form);
          setProblems(found);
          call.reset();
          if (found.length === 0)
            call.mutate({ form, isAlso: submitter?.hasAttribute('data-also') ?? false });
        }}
      >
        <ErrorSummary title={t('form.wrong')} errors={told} />
        {children}
        {/* Where whoever sent it still is. */}
        {call.error && problems.length === 0 && (
          <Notice tone="bad" alert>
            {explain?.(call.error) ??
              (call.error instanceof ApiError
                ? sentence(call.error.message)
                : t('account.offline'))}
          </Notice>
        )}
        <div className="flex flex-wrap gap-2">
          <Button
            type="submit"
            look={look}
            className={wide ? 'w-full' : undefined}
            disabled={call.isPending}
          >
            {call.isPending && !call.variables.isAlso ? t('account.working') : action}
          </Button>
          {also && (
            <Button type="submit" data-also="" disabled={call.isPending}>
              {also.action}
            </Button>
          )}
          {onLeave && (
            <Button look="quiet" onClick={onLeave}>
              {t('reason.leave')}
            </Button>
          )}
        </div>
      </form>
    </FormContext.Provider>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/\.?$/, '.');
}
