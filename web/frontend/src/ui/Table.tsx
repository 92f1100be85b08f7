import type { ReactNode } from 'react';

export interface Column<T> {
  key: string;
  head: string;
  cell: (row: T) => ReactNode;
  align?: 'right';
  /** Left out on narrow screens. */
  wide?: boolean;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string;
}

/** Rows of 36 px with 1 px lines; scrolls sideways in its own box, reachable by keyboard. */
export function Table<T>({ label, columns, rows, id }: Props<T>) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls must be reachable by keyboard
    <div className="overflow-x-auto" role="region" aria-label={label} tabIndex={0}>
      <table className="w-full border-collapse text-sm tnum">
        <thead>
          <tr className="text-left text-xs text-muted">
            {columns.map((column) => (
              <th key={column.key} scope="col" className={cellClass(column, 'font-medium')}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={id(row)} className="border-t border-line hover:bg-bg">
              {columns.map((column) => (
                <td key={column.key} className={cellClass(column, '')}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellClass<T>({ align, wide }: Column<T>, more: string): string {
  return `h-9 px-2.5 py-1.5 first:pl-4 last:pr-4 sm:px-4 align-middle ${align === 'right' ? 'text-right' : ''} ${
    wide ? 'hidden lg:table-cell' : ''
  } ${more}`;
}

/** Name and value, one a line. */
export function Facts({ facts }: { facts: [name: string, value: ReactNode][] }) {
  return (
    <dl className="grid grid-cols-[minmax(6.5rem,auto)_1fr] gap-x-4 gap-y-1.5">
      {facts
        .filter(
          ([, value]) => value !== null && value !== undefined && value !== false && value !== '',
        )
        .map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="max-w-36 break-words text-muted">{name}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </div>
        ))}
    </dl>
  );
}
