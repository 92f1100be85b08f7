import { useEffect, useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useText } from '@/i18n/useText';
import { Icon } from '@/ui/Icon';
import { downscale, positionOf, type Place } from './photo';

const MOST = 4;

interface Props {
  photos: Blob[];
  onChange: (photos: Blob[]) => void;
  onPlace: (place: Place) => void;
}

/** Up to four photos; the first position that one carries becomes the report's place. */
export function PhotoPicker({ photos, onChange, onPlace }: Props) {
  const { t } = useText();
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState(false);

  const take = async (files: FileList | null) => {
    if (!files?.length) return;
    setBusy(true);
    const chosen = [...files].slice(0, MOST - photos.length);
    const places = await Promise.all(chosen.map(positionOf));
    const place = places.find((one) => one !== null);
    if (place) {
      setFound(true);
      onPlace(place);
    }
    onChange([...photos, ...(await Promise.all(chosen.map(downscale)))]);
    setBusy(false);
    if (input.current) input.current.value = '';
  };
  const remove = (which: number) => {
    flushSync(() => onChange(photos.filter((_, other) => other !== which)));
    input.current?.focus();
  };
  return (
    <div>
      <ul className="flex flex-wrap gap-2 empty:hidden">
        {photos.map((photo, i) => (
          <Preview
            key={i}
            photo={photo}
            name={t('photo.number', { number: i + 1 })}
            removeLabel={t('photo.remove', { number: i + 1 })}
            onRemove={() => remove(i)}
          />
        ))}
      </ul>
      {photos.length < MOST && (
        <label className="mt-2 flex min-h-24 cursor-pointer flex-col items-center justify-center gap-1 rounded-md border-2 border-dashed border-control p-4 text-center text-muted hover:border-accent hover:text-ink has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent">
          <Icon name="camera" size={26} />
          <span className="font-medium text-ink">
            {busy ? t('photo.preparing') : t(photos.length ? 'photo.more' : 'photo.add')}
          </span>
          <span className="text-xs">{t('photo.hint')}</span>
          <input
            ref={input}
            id="photo"
            type="file"
            accept="image/*"
            multiple
            aria-disabled={busy || undefined}
            className="sr-only"
            onClick={(event) => busy && event.preventDefault()}
            onChange={(event) => void take(event.target.files)}
          />
        </label>
      )}
      <p role="status" className="mt-1.5 text-xs text-muted">
        {found && t('photo.placeFound')}
      </p>
    </div>
  );
}

interface PreviewProps {
  photo: Blob;
  name: string;
  removeLabel: string;
  onRemove: () => void;
}

function Preview({ photo, name, removeLabel, onRemove }: PreviewProps) {
  const url = useMemo(() => URL.createObjectURL(photo), [photo]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return (
    <li className="relative size-24 overflow-hidden rounded-md border border-line">
      <img src={url} alt={name} className="size-full bg-bg object-cover" />
      <button
        type="button"
        aria-label={removeLabel}
        title={removeLabel}
        onClick={onRemove}
        className="absolute top-1 right-1 grid size-6 place-items-center rounded-full border border-control bg-surface text-ink"
      >
        <Icon name="close" size={13} />
      </button>
    </li>
  );
}
