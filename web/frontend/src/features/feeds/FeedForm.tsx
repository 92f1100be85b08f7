import { useState, type ChangeEvent } from 'react';
import { api, must } from '@/api/client';
import { ApiError } from '@/api/problem';
import type { Feed } from '@/api/types';
import { useCitySlug } from '@/app/useCitySlug';
import { kindOf } from '@/features/accounts/rules';
import { useText } from '@/i18n/useText';
import { Form } from '@/forms/Form';
import { Panel } from '@/ui/Page';
import { CheckField, LongField, SelectField, TextField } from '@/forms/fields';
import { ChangedMeanwhile } from './ChangedMeanwhile';
import { KindOptions } from './KindOptions';
import { FEED_KINDS, isFeedKind, type FeedKind } from './kinds';
import { Preview } from './Preview';
import { changeFeed, readFeed, useKeepFeed } from './queries';
import { readOptions } from './rules';

const MINUTE_SECONDS = 60;

interface Props {
  /** The feed to change; a new one without it. */
  feed?: Feed;
  onSaved: (feed: Feed) => void;
  onLeave: () => void;
  /** Begin anew with the feed as somebody else left it. */
  onTake?: (feed: Feed) => void;
}

/** A feed, new or changed: tried as often as wanted before it is saved. */
export function FeedForm({ feed, onSaved, onLeave, onTake }: Props) {
  const { t } = useText();
  const city = useCitySlug();
  const keep = useKeepFeed();
  const [tried, setTried] = useState<{ job: string; isStale: boolean } | null>(null);
  const [kind, setKind] = useState<FeedKind | null>(
    feed && isFeedKind(feed.kind) ? feed.kind : null,
  );
  // What is saved is held against what was seen last, not against what the form began with.
  const [seen, setSeen] = useState({ version: feed?.version, before: feed, now: feed });
  const told = (now: Feed) => ({ version: now.version, before: seen.now, now });
  const [terms, setTerms] = useState({
    attribution: feed?.attribution ?? '',
    license: feed?.license ?? '',
  });
  const edit = (name: keyof typeof terms) => ({
    name,
    value: terms[name],
    onChange: ({ target }: ChangeEvent<HTMLInputElement>) =>
      setTerms({ ...terms, [name]: target.value }),
  });
  return (
    <div className="grid items-start gap-5 lg:grid-cols-2">
      <Panel title={t(feed ? 'feedForm.how' : 'feedForm.new')}>
        <Form
          id="feed"
          action={t(feed ? 'feedForm.save' : 'feedForm.add')}
          send={async (values) => {
            try {
              return await save(feed && { id: feed.id, version: seen.version }, city, values);
            } catch (error) {
              if (feed && isOutdated(error)) setSeen(await readFeed(feed.id).then(told));
              throw error;
            }
          }}
          onDone={(saved) => {
            keep(saved);
            onSaved(saved);
          }}
          also={{
            action: t('feedForm.test'),
            send: async ({ kind = '', url = '', options = '' }) => {
              const body = { city, kind, url, options: readOptions(options) ?? {} };
              const { job_id } = await must(api.POST('/api/v1/feeds/preview', { body }));
              setTried({ job: job_id, isStale: false });
            },
          }}
          onChange={() => tried && !tried.isStale && setTried({ ...tried, isStale: true })}
          onLeave={onLeave}
          explain={(error) =>
            isOutdated(error) && seen.before && seen.now ? (
              <ChangedMeanwhile
                before={seen.before}
                now={seen.now}
                onTake={() => seen.now && onTake?.(seen.now)}
              />
            ) : (
              kindOf(error) === 'conflict' && t('feedForm.taken')
            )
          }
        >
          <Where feed={feed} kind={kind} onKind={setKind} />
          <TextField
            name="interval_seconds"
            type="number"
            inputMode="numeric"
            label={t('feedForm.every')}
            hint={t('feedForm.everyHint')}
            min={5}
            max={604_800}
            step={1}
            defaultValue={feed?.interval_seconds ?? MINUTE_SECONDS}
            required
          />
          <TextField
            label={t('sources.attribution')}
            hint={t('feedForm.attributionHint')}
            optional={t('form.optional')}
            maxLength={500}
            {...edit('attribution')}
          />
          <TextField
            label={t('sources.license')}
            optional={t('form.optional')}
            maxLength={500}
            {...edit('license')}
          />
          <Options feed={feed} />
          {kind && <KindOptions kind={kind} />}
          {!feed && (
            <CheckField name="paused" value="yes">
              {t('feedForm.paused')}
            </CheckField>
          )}
        </Form>
      </Panel>
      {tried ? (
        <Preview
          key={tried.job}
          job={tried.job}
          isStale={tried.isStale}
          onTake={(told) => setTerms({ ...terms, ...told })}
        />
      ) : (
        <div className="hidden rounded-md border border-dashed border-control px-6 py-10 text-center text-muted lg:block">
          {t('preview.hint')}
        </div>
      )}
    </div>
  );
}

interface WhereProps {
  feed: Feed | undefined;
  kind: FeedKind | null;
  onKind: (kind: FeedKind | null) => void;
}

function Where({ feed, kind, onKind }: WhereProps) {
  const { t } = useText();
  return (
    <>
      <SelectField
        name="kind"
        label={t('feedForm.kind')}
        defaultValue={feed?.kind ?? ''}
        onChange={({ target }) => onKind(isFeedKind(target.value) ? target.value : null)}
        required
      >
        <option value="" disabled>
          {t('form.choose')}
        </option>
        {FEED_KINDS.map((one) => (
          <option key={one} value={one}>
            {t(`feedKind.${one}`)}
          </option>
        ))}
      </SelectField>
      <TextField
        name="url"
        type="url"
        label={t('sources.url')}
        hint={kind ? t(`feedUrl.${kind}`) : undefined}
        defaultValue={feed?.url}
        placeholder="https://"
        autoComplete="off"
        spellCheck={false}
        maxLength={2_000}
        required
      />
      <TextField
        name="name"
        label={t('sources.name')}
        hint={t('feedForm.nameHint')}
        defaultValue={feed?.name}
        optional={feed ? undefined : t('form.optional')}
        required={feed !== undefined}
        autoComplete="off"
        maxLength={200}
      />
    </>
  );
}

function Options({ feed }: { feed: Feed | undefined }) {
  const { t } = useText();
  const written = Object.keys(feed?.options ?? {}).length > 0;
  return (
    <LongField
      name="options"
      label={t('feedForm.options')}
      hint={t('feedForm.optionsHint')}
      optional={t('form.optional')}
      rows={written ? 8 : 3}
      spellCheck={false}
      defaultValue={written ? JSON.stringify(feed?.options, null, 2) : ''}
      onChange={({ target }) =>
        target.setCustomValidity(readOptions(target.value) === null ? 'json' : '')
      }
    />
  );
}

function isOutdated(error: unknown): boolean {
  return error instanceof ApiError && error.status === 412;
}

async function save(
  feed: { id: string; version: string | undefined } | undefined,
  city: string,
  values: Record<string, string>,
): Promise<Feed> {
  const { kind = '', url = '', name = '', attribution = '', license = '' } = values;
  const body = {
    kind,
    url,
    attribution,
    license,
    interval_seconds: Number(values.interval_seconds),
    options: readOptions(values.options ?? '') ?? {},
  };
  if (feed) return changeFeed(feed.id, { ...body, name }, feed.version);
  const paused = values.paused === 'yes';
  return must(api.POST('/api/v1/feeds', { body: { ...body, city, name, paused } }));
}
