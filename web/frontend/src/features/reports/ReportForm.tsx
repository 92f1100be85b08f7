import { useMutation } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { ApiError } from '@/api/problem';
import { fileReport } from '@/api/upload';
import { useCitySlug } from '@/app/useCitySlug';
import { useTheme } from '@/app/theme';
import { useAreas, useBasemap, useCity } from '@/features/city/queries';
import { useText } from '@/i18n/useText';
import { areaAt } from '@/map/inside';
import { LazyPinMap } from '@/map/PinMap.lazy';
import { Button } from '@/ui/Button';
import { ErrorSummary } from '@/ui/ErrorSummary';
import { Field } from '@/ui/Field';
import { Notice } from '@/ui/Notice';
import { Page } from '@/ui/Page';
import { check, dropDraft, emptyDraft, loadDraft, refusals, saveDraft, type Draft } from './draft';
import type { Place } from './photo';
import { PhotoPicker } from './PhotoPicker';
import { useCategories } from './queries';

const SAVE_AFTER_MS = 400;

/** Report a problem: photo, place, category, details, and who you are last. */
export default function ReportForm() {
  const { t } = useText();
  const city = useCitySlug();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [restored, setRestored] = useState(false);

  useEffect(() => {
    let here = true;
    void loadDraft(city)
      .catch(() => null)
      .then((kept) => {
        if (!here) return;
        setRestored(kept !== null);
        setDraft(kept ?? emptyDraft());
      });
    return () => {
      here = false;
    };
  }, [city]);

  return (
    <Page title={t('form.title')} lead={t('form.lead')} narrow>
      {draft && (
        <Form
          key={draft.key}
          city={city}
          initial={draft}
          restored={restored}
          onDiscard={() => {
            void dropDraft(city);
            setRestored(false);
            setDraft(emptyDraft());
          }}
        />
      )}
    </Page>
  );
}

interface FormProps {
  city: string;
  initial: Draft;
  restored: boolean;
  onDiscard: () => void;
}

function Form({ city, initial, restored, onDiscard }: FormProps) {
  const { t, language } = useText();
  const [draft, setDraft] = useState(initial);
  const [tried, setTried] = useState(false);
  const [, go] = useLocation();
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }));
  const saved = useAutosave(city, draft, initial);

  const send = useMutation({
    mutationFn: () =>
      fileReport({
        idempotencyKey: draft.key,
        photos: draft.photos,
        fields: {
          city,
          category: draft.category,
          description: draft.description,
          lon: draft.lon?.toFixed(6) ?? '',
          lat: draft.lat?.toFixed(6) ?? '',
          address: draft.address,
          email: draft.email,
          anonymous: String(draft.anonymous),
          language,
        },
      }),
    onSuccess: async (accepted) => {
      await dropDraft(city);
      const url = new URL(accepted.progress_url, location.origin);
      go(`/reports/${accepted.id}/progress${url.search || `?t=${accepted.token}`}`, {
        replace: true,
      });
    },
  });

  const problems = useMemo(() => (tried ? check(draft) : []), [tried, draft]);
  const inWords = ({ rule, message = '' }: { rule?: string; message?: string }) =>
    rule ? t(`form.rule.${rule}` as 'form.rule.place') : message;
  const refused = send.error instanceof ApiError ? refusals(send.error.problem) : [];
  const errorOf = (field: string) => {
    const found = [...problems, ...refused].find((one) => one.field === field);
    return found && inWords(found);
  };
  const [summary, setSummary] = useState<{ field: string; message: string }[]>([]);

  const submit = () => {
    setTried(true);
    const told = (all: { field: string; rule?: string; message?: string }[]) =>
      all.map((one) => ({ field: one.field, message: inWords(one) }));
    const found = told(check(draft));
    setSummary(found);
    if (found.length > 0) return;
    send.mutate(undefined, {
      onError: (error) => {
        if (!(error instanceof ApiError)) return;
        setSummary(told(refusals(error.problem)));
      },
    });
  };

  return (
    <form
      noValidate
      className="space-y-7 pb-16"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {restored && (
        <Notice
          action={
            <Button small look="quiet" onClick={onDiscard}>
              {t('form.discard')}
            </Button>
          }
        >
          {t('form.restored')}
        </Notice>
      )}
      <ErrorSummary title={t('form.wrong')} errors={summary} />
      <Step number={1} title={t('form.photo')}>
        <PhotoPicker
          photos={draft.photos}
          onChange={(photos) => change({ photos })}
          onPlace={(place) => draft.lon === null && change(place)}
        />
      </Step>
      <Step number={2} title={t('form.place')}>
        <PlacePicker city={city} draft={draft} error={errorOf('address')} onChange={change} />
      </Step>
      <Step number={3} title={t('form.what')}>
        <CategoryChoice
          city={city}
          value={draft.category}
          error={errorOf('category')}
          onChange={change}
        />
        <Field
          id="description"
          label={t('form.description')}
          hint={t('form.descriptionHint')}
          error={errorOf('description')}
        >
          {(props) => (
            <textarea
              {...props}
              rows={4}
              maxLength={4_000}
              value={draft.description}
              onChange={(event) => change({ description: event.target.value })}
            />
          )}
        </Field>
      </Step>
      <Step number={4} title={t('form.you')}>
        <Field
          id="email"
          label={t('form.email')}
          optional={t('form.optional')}
          hint={t('form.emailHint')}
          error={errorOf('email')}
        >
          {(props) => (
            <input
              {...props}
              type="email"
              autoComplete="email"
              value={draft.email}
              onChange={(event) => change({ email: event.target.value })}
            />
          )}
        </Field>
        <label className="flex min-h-8 items-center gap-2.5">
          <input
            type="checkbox"
            className="size-4.5 accent-accent"
            checked={draft.anonymous}
            onChange={(event) => change({ anonymous: event.target.checked })}
          />
          {t('form.anonymous')}
        </label>
      </Step>
      {send.error && summary.length === 0 && (
        <Notice tone="bad" alert>
          {send.error instanceof ApiError ? send.error.message : t('form.offline')}
        </Notice>
      )}
      <Button
        type="submit"
        look="primary"
        className="!min-h-12 w-full text-base"
        disabled={send.isPending}
      >
        {t(send.isPending ? 'form.sending' : 'form.send')}
      </Button>
      <p className="text-xs text-muted">{t('form.privacy')}</p>
      <p role="status" className="text-xs text-muted">
        {saved && t('form.saved')}
      </p>
    </form>
  );
}

/** Keep the draft a moment after each change; true while all of it is kept. */
function useAutosave(city: string, draft: Draft, initial: Draft): boolean {
  const [kept, setKept] = useState(initial);
  useEffect(() => {
    if (draft === kept) return;
    const timer = window.setTimeout(
      () =>
        void saveDraft(city, draft).then(
          () => setKept(draft),
          () => undefined,
        ),
      SAVE_AFTER_MS,
    );
    return () => window.clearTimeout(timer);
  }, [city, draft, kept]);
  return draft === kept && draft !== initial;
}

function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <fieldset className="space-y-3">
      <legend className="mb-3 flex items-center gap-2.5 text-base font-semibold">
        <span
          aria-hidden="true"
          className="grid size-6 place-items-center rounded-full border border-control text-xs text-muted tnum"
        >
          {number}
        </span>
        {title}
      </legend>
      {children}
    </fieldset>
  );
}

interface PlaceProps {
  city: string;
  draft: Draft;
  error?: string;
  onChange: (part: Partial<Draft>) => void;
}

function PlacePicker({ city: slug, draft, error, onChange }: PlaceProps) {
  const { t } = useText();
  const theme = useTheme();
  const city = useCity(slug).data;
  const areas = useAreas(slug).data;
  const basemap = useBasemap(city?.basemap).data;
  const [trouble, setTrouble] = useState(false);
  const [aim, setAim] = useState<Place | null>(null);
  const place =
    draft.lon !== null && draft.lat !== null ? { lon: draft.lon, lat: draft.lat } : null;

  const inWords = ({ lon, lat }: Place) =>
    [areaAt(areas?.features ?? [], lon, lat), lat.toFixed(4), lon.toFixed(4)]
      .filter(Boolean)
      .join(', ');

  const locate = () =>
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => onChange({ lon: coords.longitude, lat: coords.latitude }),
      () => setTrouble(true),
      { enableHighAccuracy: true, timeout: 15_000 },
    );
  return (
    <>
      <div className="relative h-64 overflow-hidden rounded-md border border-line bg-water">
        {city && areas && basemap !== undefined && (
          <LazyPinMap
            city={city}
            areas={areas.features}
            basemap={basemap}
            theme={theme}
            place={place}
            aim={aim}
            describedBy="pin-keys"
            onPlace={onChange}
            onAim={setAim}
          />
        )}
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Button small icon="target" onClick={locate}>
          {t('form.locate')}
        </Button>
        <span
          role="status"
          className="text-xs text-muted tnum"
          data-place={place ? 'set' : 'unset'}
        >
          {aim && t('form.aiming', { place: inWords(aim) })}
          {!aim && (place ? t('form.pinned', { place: inWords(place) }) : t('form.pinHint'))}
        </span>
        {place && (
          <Button small look="quiet" onClick={() => onChange({ lon: null, lat: null })}>
            {t('form.unpin')}
          </Button>
        )}
      </div>
      <p id="pin-keys" className="text-xs text-muted pointer-coarse:sr-only">
        {t('form.pinKeys')}
      </p>
      {trouble && <Notice tone="warn">{t('form.noPosition')}</Notice>}
      <Field id="address" label={t('form.address')} hint={t('form.addressHint')} error={error}>
        {(props) => (
          <input
            {...props}
            autoComplete="street-address"
            value={draft.address}
            onChange={(event) => onChange({ address: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}

interface CategoryProps {
  city: string;
  value: string;
  error?: string;
  onChange: (part: Partial<Draft>) => void;
}

function CategoryChoice({ city, value, error, onChange }: CategoryProps) {
  const { t } = useText();
  const { data, isError } = useCategories(city);
  const hint = data?.find((one) => one.code === value)?.description;
  return (
    <Field id="category" label={t('form.category')} error={error} hint={hint ?? undefined}>
      {(props) =>
        isError ? (
          <input
            {...props}
            value={value}
            onChange={(event) => onChange({ category: event.target.value })}
          />
        ) : (
          <select
            {...props}
            value={value}
            onChange={(event) => onChange({ category: event.target.value })}
          >
            <option value="">{t('form.choose')}</option>
            {data?.map((one) => (
              <option key={one.code} value={one.code}>
                {one.name}
              </option>
            ))}
          </select>
        )
      }
    </Field>
  );
}
