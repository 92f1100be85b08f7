import { describe, expect, it } from 'vitest';
import { rejectedCount } from '@/features/feeds/rules';
import { canCancel, canRetry, seconds } from '@/features/jobs/rules';
import { changed } from './urlState';

describe('the address', () => {
  it('keeps what was not changed', () => {
    expect(changed('?q=fire&sel=feature:1', { q: null, kinds: 'event,news' })).toBe(
      'sel=feature:1&kinds=event,news',
    );
  });

  it('drops what is empty', () => {
    expect(changed('?q=fire', { q: '' })).toBe('');
  });
});

it('a job is cancelled before it ends and retried only after it failed', () => {
  expect(['scheduled', 'queued', 'running', 'retryable'].every((s) => canCancel(s as never))).toBe(
    true,
  );
  expect(canCancel('succeeded')).toBe(false);
  expect(canRetry('dead')).toBe(true);
  expect(canRetry('running')).toBe(false);
});

it('an unfinished attempt has no duration', () => {
  expect(seconds('2026-03-01T12:00:00Z', null)).toBeNull();
  expect(seconds('2026-03-01T12:00:00Z', '2026-03-01T12:00:02.5Z')).toBe(2.5);
});

it('refusals are counted over their reasons', () => {
  expect(rejectedCount({ position_missing: 2, time_missing: 3 })).toBe(5);
  expect(rejectedCount(null)).toBe(0);
});
