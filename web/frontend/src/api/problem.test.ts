import { expect, it } from 'vitest';
import { must } from './client';
import { ApiError, isTransient } from './problem';

it('what is wrong with the server is said in our words, what is wrong with the question in its own', () => {
  const detail = 'the database cannot be reached';
  expect(new ApiError(503, { detail }).message).toMatch(/^The server is in trouble/);
  expect(new ApiError(429, { detail }).message).toMatch(/^Too much was asked/);
  expect(new ApiError(409, { detail }).message).toBe(detail);
});

it('no answer is no problem of the API, and may be asked for again', async () => {
  const none = Promise.reject(new TypeError('Failed to fetch'));

  const told: unknown = await must(none).catch((error: unknown) => error);

  expect(String(told)).toMatch(/The server did not answer/);
  expect(isTransient(told)).toBe(true);
});
