import { useCallback, useLayoutEffect, useRef } from 'react';

/** A function that never changes and always sees the newest values: for listeners set up once. */
export function useEvent<A extends unknown[], R>(handler: (...args: A) => R): (...args: A) => R {
  const newest = useRef(handler);
  useLayoutEffect(() => {
    newest.current = handler;
  });
  return useCallback((...args: A) => newest.current(...args), []);
}
