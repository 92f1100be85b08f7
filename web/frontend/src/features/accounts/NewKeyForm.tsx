import { useQuery } from '@tanstack/react-query';
import { api, must } from '@/api/client';
import { useText } from '@/i18n/useText';
import { Field } from '@/ui/Field';
import { CheckField, TextField } from '@/forms/fields';
import { Form, useFormField } from '@/forms/Form';
import { useExplain } from './useExplain';

const DAYS = [30, 90, 365] as const;

/** What to call a key, what it may do, and for how long. */
export function NewKeyForm({
  onMade,
  onClose,
}: {
  onMade: (key: string) => void;
  onClose: () => void;
}) {
  const { t } = useText();
  const explain = useExplain();
  return (
    <div className="border-b border-line bg-bg p-4">
      <Form
        id="key"
        action={t('keys.make')}
        send={({ name = '', days = '' }, form) =>
          must(
            api.POST('/api/v1/auth/api-keys', {
              body: {
                name,
                scopes: form.getAll('scopes').map(String),
                expires_in_days: days ? Number(days) : null,
              },
            }),
          )
        }
        onDone={({ key }) => onMade(key)}
        onLeave={onClose}
        explain={explain}
      >
        <TextField
          name="name"
          label={t('keys.name')}
          hint={t('keys.nameHint')}
          autoComplete="off"
          maxLength={80}
          required
        />
        <Scopes />
        <Field id="key-days" label={t('keys.expires')}>
          {(props) => (
            <select {...props} name="days" defaultValue={90}>
              {DAYS.map((days) => (
                <option key={days} value={days}>
                  {t('keys.days', { count: days })}
                </option>
              ))}
              <option value="">{t('keys.noEnd')}</option>
            </select>
          )}
        </Field>
      </Form>
    </div>
  );
}

function Scopes() {
  const { t } = useText();
  const { id, error } = useFormField('scopes');
  const { data } = useQuery({
    queryKey: ['api key scopes'],
    queryFn: () => must(api.GET('/api/v1/auth/api-keys/scopes')),
  });
  return (
    <fieldset
      id={id}
      tabIndex={-1}
      aria-describedby={error ? `${id}-error` : undefined}
      className="outline-none"
    >
      <legend className="font-medium">{t('keys.scopes')}</legend>
      {error && (
        <p id={`${id}-error`} className="mt-0.5 text-xs font-medium text-bad">
          {error}
        </p>
      )}
      {data?.items.map(({ code, description }) => (
        <CheckField key={code} name="scopes" value={code}>
          {description} <code className="text-xs text-muted">{code}</code>
        </CheckField>
      ))}
    </fieldset>
  );
}
