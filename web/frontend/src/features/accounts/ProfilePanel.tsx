import { useState } from 'react';
import { api, must } from '@/api/client';
import type { User } from '@/api/types';
import { useSession } from '@/app/session';
import { LANGUAGES, setLanguage, type Language } from '@/i18n';
import { useText } from '@/i18n/useText';
import { Field } from '@/ui/Field';
import { Panel } from '@/ui/Page';
import { Done } from '@/ui/Done';
import { TextField } from '@/forms/fields';
import { Form } from '@/forms/Form';

const NAMES: Record<Language, string> = { en: 'English', fr: 'Français' };

/** The name, and the language of the page and of our mails. */
export function ProfilePanel({ user }: { user: User }) {
  const { t } = useText();
  const { update } = useSession();
  const [saved, setSaved] = useState(false);
  return (
    <Panel title={t('account.profile')}>
      <Form
        id="profile"
        action={t('account.save')}
        look="plain"
        send={({ name = '', language = 'en' }) =>
          must(api.PATCH('/api/v1/auth/me', { body: { name, language: language as Language } }))
        }
        onDone={(changed) => {
          setSaved(true);
          update(changed);
          setLanguage(changed.language);
        }}
      >
        <TextField
          name="name"
          label={t('account.name')}
          optional={t('form.optional')}
          hint={t('account.nameHint')}
          autoComplete="name"
          maxLength={100}
          defaultValue={user.name}
        />
        <Field id="profile-language" label={t('account.language')} hint={t('account.languageHint')}>
          {(props) => (
            <select {...props} name="language" defaultValue={user.language}>
              {LANGUAGES.map((one) => (
                <option key={one} value={one} lang={one}>
                  {NAMES[one]}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Done shown={saved}>{t('account.saved')}</Done>
      </Form>
    </Panel>
  );
}
