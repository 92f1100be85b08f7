import { useEffect, type ReactNode } from 'react';
import { Link } from 'wouter';
import { Icon } from './Icon';

interface Props {
  title: string;
  lead?: ReactNode;
  /** The page above this one. */
  back?: { href: string; word: string };
  actions?: ReactNode;
  /** For reading, or for one short form. */
  narrow?: boolean | 'form';
  children: ReactNode;
}

const WIDTH = { wide: 'max-w-6xl', narrow: 'max-w-2xl', form: 'max-w-md' };

/** A page that scrolls: a title, what it is for, and its parts. */
export function Page({ title, lead, back, actions, narrow, children }: Props) {
  useTitle(title);
  const width = WIDTH[narrow === 'form' ? 'form' : narrow ? 'narrow' : 'wide'];
  return (
    <div className={`mx-auto w-full px-4 py-6 md:px-6 ${width}`}>
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          {back && (
            <Link
              href={back.href}
              className="mb-1 inline-flex min-h-6 items-center gap-1 text-muted hover:text-ink"
            >
              <Icon name="back" size={14} /> {back.word}
            </Link>
          )}
          <h1 className="text-xl font-semibold tracking-tight break-words">{title}</h1>
          {lead && <div className="mt-1 text-muted">{lead}</div>}
        </div>
        {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      <div className="mt-5 space-y-5">{children}</div>
    </div>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · CityPulse`;
  }, [title]);
}

export function Panel({
  title,
  actions,
  children,
  flush,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}) {
  return (
    <section className="rounded-md border border-line bg-surface">
      <div className="flex min-h-11 flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-1.5">
        <h2 className="font-semibold">{title}</h2>
        {actions}
      </div>
      <div className={flush ? '' : 'p-4'}>{children}</div>
    </section>
  );
}
