import type { ReactNode } from 'react';
import { Icon } from './Icon';

/** That it worked, said where it was done; the region is there before, so that it is read out. */
export function Done({ shown, children }: { shown: boolean; children: ReactNode }) {
  return (
    <p role="status" className={shown ? 'flex items-start gap-1.5 text-ok' : 'sr-only'}>
      {shown && (
        <>
          <Icon name="check" size={16} className="mt-0.5" />
          <span>{children}</span>
        </>
      )}
    </p>
  );
}
