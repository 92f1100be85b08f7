import { clear, createStore, del, get, set } from 'idb-keyval';
import type { Problem } from '@/api/types';

/** A report under way: kept on the reader's own device until it is sent. */
export interface Draft {
  /** Sent as Idempotency-Key: a second press, or a retry, files no second report. */
  key: string;
  photos: Blob[];
  lon: number | null;
  lat: number | null;
  address: string;
  category: string;
  description: string;
  email: string;
  anonymous: boolean;
}

const STORE_WAIT_MS = 2_000;
const store = typeof indexedDB === 'undefined' ? undefined : createStore('citypulse', 'drafts');

export function emptyDraft(): Draft {
  return {
    key: crypto.randomUUID(),
    photos: [],
    lon: null,
    lat: null,
    address: '',
    category: '',
    description: '',
    email: '',
    anonymous: false,
  };
}

/** The draft kept, if any; a store that does not answer keeps nobody from writing. */
export async function loadDraft(city: string): Promise<Draft | null> {
  if (!store) return null;
  const late = new Promise<undefined>((go) => setTimeout(go, STORE_WAIT_MS));
  return (await Promise.race([get<Draft>(city, store), late])) ?? null;
}

export async function saveDraft(city: string, draft: Draft): Promise<void> {
  if (store) await set(city, draft, store);
}

export async function dropDraft(city: string): Promise<void> {
  if (store) await del(city, store);
}

export async function clearDrafts(): Promise<void> {
  if (store) await clear(store);
}

/** What is missing or wrong, field by field. Pure. */
export function check(draft: Draft): { field: string; rule: string }[] {
  const problems: { field: string; rule: string }[] = [];
  if (draft.lon === null && !draft.address.trim()) {
    problems.push({ field: 'address', rule: 'place' });
  }
  if (!draft.category) problems.push({ field: 'category', rule: 'category' });
  if (draft.photos.length === 0 && draft.description.trim().length < 3) {
    problems.push({ field: 'description', rule: 'description' });
  }
  if (draft.email && !/^\S+@\S+\.\S+$/.test(draft.email)) {
    problems.push({ field: 'email', rule: 'email' });
  }
  return problems;
}

/** Our words for the rules by which the server refuses a report; a place is told at the address. */
const RULES: Record<string, string> = {
  one_of: 'category',
  length: 'long',
  email: 'email',
  count: 'photos',
  place: 'place',
  pair: 'place',
  position: 'inside',
  inside: 'inside',
};
const FIELDS: Record<string, string> = { lon: 'address', lat: 'address' };

/** What a refusal says of the form's fields; `message` is the server's, for a rule that has no words here. Pure. */
export function refusals(
  problem: Partial<Problem>,
): { field: string; rule?: string; message: string }[] {
  return (problem.errors ?? []).map(({ field, rule, message }) => ({
    field: FIELDS[field] ?? field,
    rule: RULES[rule],
    message,
  }));
}
