import { useState } from 'react';
import { useText } from '@/i18n/useText';
import { Field } from '@/ui/Field';
import { useFormField } from '@/forms/Form';
import { TextField, type TextProps } from '@/forms/fields';

export function EmailField({ label, ...rest }: Partial<TextProps>) {
  const { t } = useText();
  return (
    <TextField
      name="email"
      type="email"
      autoComplete="email"
      autoCapitalize="none"
      spellCheck={false}
      required
      {...rest}
      label={label ?? t('login.email')}
    />
  );
}

interface PasswordProps {
  name?: string;
  label?: string;
  /** A new one: password managers offer one, and its rules are told before anything is typed. */
  fresh?: boolean;
}

/** A password, which can be looked at while it is typed. */
export function PasswordField({ name = 'password', label, fresh }: PasswordProps) {
  const { t } = useText();
  const { id, error } = useFormField(name);
  const [shown, setShown] = useState(false);
  return (
    <Field
      id={id}
      label={label ?? t('login.password')}
      hint={fresh ? t('account.passwordRule') : undefined}
      error={error}
    >
      {({ className, ...props }) => (
        <div className="relative">
          <input
            {...props}
            name={name}
            type={shown ? 'text' : 'password'}
            autoComplete={fresh ? 'new-password' : 'current-password'}
            autoCapitalize="none"
            spellCheck={false}
            required
            className={`${className} pr-20`}
          />
          <button
            type="button"
            aria-pressed={shown}
            aria-controls={id}
            aria-label={t('account.showPassword')}
            onClick={() => setShown(!shown)}
            className="absolute inset-y-1 right-1 rounded px-2.5 text-xs font-medium text-accent hover:bg-bg"
          >
            {t(shown ? 'account.hide' : 'account.show')}
          </button>
        </div>
      )}
    </Field>
  );
}
