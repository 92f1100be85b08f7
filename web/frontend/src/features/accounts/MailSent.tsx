import { useEffect, useRef, type ReactNode } from 'react';
import { Link } from 'wouter';
import { useConfig } from '@/app/config';
import { useText } from '@/i18n/useText';
import { buttonClass } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { useTitle } from '@/ui/Page';

interface Props {
  title: string;
  lead: string;
  children?: ReactNode;
}

/** After something that is finished in the mailbox; takes the focus, because the form is gone. */
export function MailSent({ title, lead, children }: Props) {
  const { t } = useText();
  const { mailbox } = useConfig();
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(title);
  useEffect(() => heading.current?.focus(), []);
  return (
    <div className="mx-auto w-full max-w-md space-y-4 px-4 py-10">
      <span className="grid size-12 place-items-center rounded-full bg-accent text-onaccent">
        <Icon name="mail" size={24} />
      </span>
      <h1 ref={heading} tabIndex={-1} className="text-xl font-semibold tracking-tight outline-none">
        {title}
      </h1>
      <p className="text-muted">{lead}</p>
      {mailbox && (
        <Link href="/mailbox" className={buttonClass('primary')}>
          {t('account.openMailbox')}
        </Link>
      )}
      {children}
    </div>
  );
}
