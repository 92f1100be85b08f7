import { useEffect, useId, useRef } from 'react';

interface Props {
  title: string;
  errors: { field: string; message: string }[];
}

/** What must be put right, each a link to its field; takes the focus when it appears. */
export function ErrorSummary({ title, errors }: Props) {
  const titleId = useId();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), [errors]);
  if (errors.length === 0) return null;
  return (
    <div
      ref={box}
      tabIndex={-1}
      role="alert"
      aria-labelledby={titleId}
      className="rounded-md border-2 border-bad bg-surface px-4 py-3"
    >
      <h2 id={titleId} className="font-semibold">
        {title}
      </h2>
      <ul className="mt-1.5 list-disc pl-5">
        {errors.map(({ field, message }) => (
          <li key={field + message}>
            <a
              href={`#${field}`}
              className="inline-block min-h-6 py-0.5 align-top text-bad underline"
              onClick={(event) => jump(event, field)}
            >
              {message}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function jump(event: { preventDefault: () => void }, field: string): void {
  event.preventDefault();
  const target = document.getElementById(field);
  target?.focus();
  target?.scrollIntoView({ block: 'center' });
}
