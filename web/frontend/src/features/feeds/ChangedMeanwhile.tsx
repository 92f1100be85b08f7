import type { Feed } from '@/api/types';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { changedFields } from './rules';

interface Props {
  /** The feed as the form was opened with it, and as it is now. */
  before: Feed;
  now: Feed;
  onTake: () => void;
}

/** What somebody else changed of a feed while it was edited here; saving again puts this form in its place. */
export function ChangedMeanwhile({ before, now, onTake }: Props) {
  const { t } = useText();
  return (
    <>
      <p>{t('feedForm.outdated')}</p>
      <dl className="my-2 grid grid-cols-[auto_1fr] gap-x-3 gap-y-1">
        {changedFields(before, now).map(({ field, value }) => (
          <div key={field} className="contents">
            <dt>{t(LABELS[field])}</dt>
            <dd className="font-mono text-xs break-words">{value}</dd>
          </div>
        ))}
      </dl>
      <p className="mb-2">{t('feedForm.saveOver')}</p>
      <Button onClick={onTake}>{t('feedForm.takeTheirs')}</Button>
    </>
  );
}

const LABELS = {
  kind: 'feedForm.kind',
  url: 'sources.url',
  name: 'sources.name',
  interval_seconds: 'feedForm.every',
  options: 'feedForm.options',
  attribution: 'sources.attribution',
  license: 'sources.license',
  paused: 'sources.pause',
} as const;
