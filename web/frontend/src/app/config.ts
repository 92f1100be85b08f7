import { createContext, useContext } from 'react';

/** What the page is told at run time, so that one build serves every city. */
export interface Config {
  city: string;
  cities: string[];
  mailbox: boolean;
  google: boolean;
  version: string;
  simulated: boolean;
}

const KEY = 'citypulse.config';

/** Read /config.json; offline, the last one read. */
export async function loadConfig(): Promise<Config> {
  try {
    const answer = await fetch('/config.json', { cache: 'no-cache' });
    if (!answer.ok) throw new Error(`config.json: HTTP ${answer.status}`);
    const config = (await answer.json()) as Config;
    localStorage.setItem(KEY, JSON.stringify(config));
    return config;
  } catch (error) {
    const kept = localStorage.getItem(KEY);
    if (kept) return JSON.parse(kept) as Config;
    throw error;
  }
}

export const ConfigContext = createContext<Config | null>(null);

export function useConfig(): Config {
  const config = useContext(ConfigContext);
  if (!config) throw new Error('useConfig outside ConfigContext');
  return config;
}
