import { afterEach, expect, it } from 'vitest';
import { onLanguage, setLanguage, type Language } from '@/i18n';
import { must } from './client';
import { ApiError, isTransient } from './problem';

it('what is wrong with the server is said in our words, what is wrong with the question in its own', () => {
  const detail = 'the database cannot be reached';
  expect(new ApiError(503, { detail }).message).toMatch(/^The server is in trouble/);
  expect(new ApiError(429, { detail }).message).toMatch(/^Too much was asked/);
  expect(new ApiError(409, { detail }).message).toBe(detail);
});

async function spoken(chosen: Language): Promise<void> {
  const told = new Promise<void>((resolve) => onLanguage(resolve));
  setLanguage(chosen);
  await told;
}
afterEach(() => spoken('en'));

it('a refusal is said in the language of the reader, and what the server says is not lost', async () => {
  const detail = 'a report that is closed cannot become received';
  await spoken('fr');

  expect(new ApiError(409, { detail }).message).toBe(
    `Cela ne se peut pas dans l’état actuel. (En anglais : ${detail})`,
  );
  expect(new ApiError(403, { title: 'Forbidden' }).message).toMatch(/^Votre compte/);
  expect(new ApiError(418, { title: 'I am a teapot' }).message).toBe('I am a teapot');
});

it('no answer is no problem of the API, and may be asked for again', async () => {
  const none = Promise.reject(new TypeError('Failed to fetch'));

  const told: unknown = await must(none).catch((error: unknown) => error);

  expect(String(told)).toMatch(/The server did not answer/);
  expect(isTransient(told)).toBe(true);
});
