import { useEffect, useRef, useState } from 'react';
import { useText } from '@/i18n/useText';
import { Button } from '@/ui/Button';

/** A key at the one moment it is shown: selected, ready to be copied. */
export function NewKey({ value, onDone }: { value: string; onDone: () => void }) {
  const { t } = useText();
  const box = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => box.current?.select(), [value]);
  const copy = async () => {
    box.current?.select();
    // Refused, or not there: the key is selected for the person's own copying.
    await navigator.clipboard?.writeText(value).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <div
      className="space-y-3 border-b border-line bg-bg p-4"
      role="group"
      aria-labelledby="new-key"
    >
      <p id="new-key" className="font-medium">
        {t('keys.once')}
      </p>
      <div className="flex gap-2">
        <input
          ref={box}
          readOnly
          value={value}
          aria-label={t('keys.value')}
          onFocus={(event) => event.target.select()}
          className="min-h-10 w-full min-w-0 rounded-md border border-control bg-surface px-3 font-mono text-sm"
        />
        <Button look="primary" icon={copied ? 'check' : undefined} onClick={() => void copy()}>
          {t(copied ? 'keys.copied' : 'keys.copy')}
        </Button>
      </div>
      <p className="sr-only" role="status">
        {copied && t('keys.copied')}
      </p>
      <Button small onClick={onDone}>
        {t('keys.kept')}
      </Button>
    </div>
  );
}
