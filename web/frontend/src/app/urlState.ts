import { useCallback } from 'react';
import { useSearch } from 'wouter';

export type Changes = Record<string, string | null>;

/** The search string after some changes; null takes a key out. */
export function changed(search: string, changes: Changes): string {
  const params = new URLSearchParams(search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === '') params.delete(key);
    else params.set(key, value);
  }
  return params.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
}

/** The address is the state: read it, and change it without losing the map's place in the hash. */
export function useUrlState() {
  const search = useSearch();
  const params = new URLSearchParams(search);
  const set = useCallback((changes: Changes, how: 'push' | 'replace' = 'replace') => {
    const next = changed(window.location.search, changes);
    const url = `${window.location.pathname}${next ? `?${next}` : ''}${window.location.hash}`;
    if (how === 'push') window.history.pushState(null, '', url);
    else window.history.replaceState(null, '', url);
  }, []);
  return { params, set };
}
