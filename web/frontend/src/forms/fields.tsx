import type {
  InputHTMLAttributes,
  ReactNode,
  SelectHTMLAttributes,
  TextareaHTMLAttributes,
} from 'react';
import { Field } from '@/ui/Field';
import { useFormField } from './Form';

interface Named {
  name: string;
  label: string;
  hint?: string;
  optional?: string;
}

export type TextProps = Named & InputHTMLAttributes<HTMLInputElement>;

export function TextField({ name, label, hint, optional, ...input }: TextProps) {
  const { id, error } = useFormField(name);
  return (
    <Field id={id} label={label} hint={hint} optional={optional} error={error}>
      {(props) => <input {...props} name={name} {...input} />}
    </Field>
  );
}

/** A choice; its options are its children. */
export function SelectField({
  name,
  label,
  hint,
  optional,
  ...select
}: Named & SelectHTMLAttributes<HTMLSelectElement>) {
  const { id, error } = useFormField(name);
  return (
    <Field id={id} label={label} hint={hint} optional={optional} error={error}>
      {(props) => <select {...props} name={name} {...select} />}
    </Field>
  );
}

export function LongField({
  name,
  label,
  hint,
  optional,
  ...area
}: Named & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const { id, error } = useFormField(name);
  return (
    <Field id={id} label={label} hint={hint} optional={optional} error={error}>
      {({ className, ...props }) => (
        <textarea {...props} name={name} {...area} className={`${className} font-mono text-xs`} />
      )}
    </Field>
  );
}

/** One box of a set: ticked or not. */
export function CheckField({
  name,
  value,
  children,
}: {
  name: string;
  value: string;
  children: ReactNode;
}) {
  return (
    <label className="flex min-h-8 items-start gap-2.5 py-1.5">
      <input
        type="checkbox"
        name={name}
        value={value}
        className="mt-px size-4.5 shrink-0 accent-accent"
      />
      <span>{children}</span>
    </label>
  );
}
