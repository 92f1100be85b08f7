import type { Photo } from '@/api/types';
import { useText } from '@/i18n/useText';

/** A report's photos: shown once they were cleaned, with a word while they are not. */
export function Photos({ photos }: { photos: Photo[] }) {
  const { t } = useText();
  if (photos.length === 0) return null;
  return (
    <div className="mt-4 grid gap-2">
      {photos.map((photo) => {
        const size = photo.sizes?.medium ?? photo.sizes?.large ?? photo.sizes?.thumb;
        if (photo.state !== 'ready' || !size) {
          return (
            <p
              key={photo.id}
              className="rounded-md border border-dashed border-line p-4 text-center text-muted"
            >
              {photo.state === 'rejected'
                ? `${t('photo.rejected')} ${photo.reason ?? ''}`
                : t('photo.processing')}
            </p>
          );
        }
        return (
          <a
            key={photo.id}
            href={photo.sizes?.large?.url ?? size.url}
            target="_blank"
            rel="noopener"
          >
            <img
              src={size.url}
              width={size.width}
              height={size.height}
              alt={photo.alt ?? t('photo.alt')}
              data-photo="ready"
              className="h-auto max-h-96 w-full rounded-md bg-bg object-contain"
              loading="lazy"
            />
          </a>
        );
      })}
    </div>
  );
}
