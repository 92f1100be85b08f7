import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';
import { Notice } from '@/ui/Notice';

interface Props {
  /** How many were looked through while the search goes on. */
  searched: number | null;
  again: (() => void) | null;
}

/** How far a search has come that takes a while, and how it goes on when it broke off. */
export function SearchProgress({ searched, again }: Props) {
  const { t, count } = useText();
  if (again) {
    const action = (
      <Button small onClick={again}>
        {t('error.again')}
      </Button>
    );
    return (
      <div className="p-4">
        <Notice tone="bad" alert action={action}>
          {t('list.searchStopped')}
        </Notice>
      </div>
    );
  }
  if (searched === null) return null;
  return (
    <p className="px-4 py-4 text-center text-xs text-muted tnum">
      {t('list.searching', { searched: count(searched) })}
    </p>
  );
}
