import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FeedPreview, FeedRun } from '@/api/types';
import { feed } from '../../../tests/samples';
import { readDifference } from './difference';
import { FEED_KINDS, isFeedKind } from './kinds';
import { byReason, healthOf, isNew, readOptions, summary, tally } from './rules';

const run = (started_at: string) => ({ started_at }) as FeedRun;
const NOW = Date.parse('2026-03-01T12:00:00Z');

it('offers the connectors there are', () => {
  const folder = join(import.meta.dirname, '../../../../../tasks/feeds/connectors');
  const folders = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
    .map(({ name }) => name);

  expect([...FEED_KINDS]).toEqual(folders.sort());
  expect(isFeedKind('fax')).toBe(false);
});

it('a feed is new until its first run has ended, unless it waits for an admin', () => {
  const never = feed({ last_success_at: null, failures_in_a_row: 0 });

  expect(isNew(never)).toBe(true);
  expect(isNew({ ...never, paused: true })).toBe(false);
  expect(isNew({ ...never, failures_in_a_row: 1 })).toBe(false);
  expect(isNew({ ...never, last_success_at: '2026-03-01T12:00:00Z' })).toBe(false);
});

describe('the health of a feed', () => {
  it.each([
    ['working', {}],
    ['failing', { failures_in_a_row: 2 }],
    ['open', { failures_in_a_row: 5, open_until: '2026-03-01T12:00:30Z' }],
    ['failing', { failures_in_a_row: 5, open_until: '2026-03-01T11:59:30Z' }],
    ['shrunk', { shrunk_since: '2026-03-01T11:00:00Z' }],
    ['drifted', { drifted_since: '2026-03-01T11:00:00Z' }],
    ['waiting', { last_run: null }],
    ['overdue', { last_run: run('2026-03-01T11:54:00Z') }],
    ['working', { last_run: run('2026-03-01T11:54:00Z'), options: { hours: '03:00-06:30' } }],
    ['working', { last_run: run('2026-03-01T11:54:00Z'), ttl_seconds: 90 }],
    ['paused', { paused: true, failures_in_a_row: 5, open_until: '2026-03-01T12:00:30Z' }],
  ] as const)('is %s', (health, over) => {
    const fine = {
      failures_in_a_row: 0,
      open_until: null,
      shrunk_since: null,
      drifted_since: null,
      ttl_seconds: null,
      options: {},
      last_run: run('2026-03-01T11:59:00Z'),
    };

    expect(healthOf(feed({ ...fine, ...over }), NOW)).toBe(health);
  });
});

describe('a preview', () => {
  const preview = {
    read: { Feature: 3, Rejected: 5 },
    rejected: { bad_time: 1, no_identity: 4 },
    problems: [
      { reason: 'bad_time', record: 'rows#1' },
      { reason: 'no_identity', record: 'rows#2' },
    ],
  } as unknown as FeedPreview;

  it('counts what was read apart from what is set aside', () => {
    expect(tally(preview)).toEqual({ read: 3, rejected: 5 });
  });

  it('lists the commonest reason first', () => {
    expect(byReason(preview)).toEqual([
      { reason: 'no_identity', count: 4, samples: [{ reason: 'no_identity', record: 'rows#2' }] },
      { reason: 'bad_time', count: 1, samples: [{ reason: 'bad_time', record: 'rows#1' }] },
    ]);
  });

  it('calls a record by what it tells of itself', () => {
    const said = { type: 'Feature', title: 'Leak', address: '1 Strand', starts_at: '2026-03-01' };

    expect(summary(said)).toEqual({
      type: 'Feature',
      title: 'Leak',
      place: '1 Strand',
      at: '2026-03-01',
    });
    expect(summary({ type: 'Vehicle', external_id: 'v1', lon: -0.1, lat: 51.5 })).toEqual({
      type: 'Vehicle',
      title: 'v1',
      place: '51.5000, -0.1000',
      at: null,
    });
  });
});

it('takes options that are a JSON object, or none', () => {
  expect(readOptions(' ')).toEqual({});
  expect(readOptions('{"page_size": 2}')).toEqual({ page_size: 2 });
  for (const wrong of ['[]', '2', '{page_size: 2}', 'null']) expect(readOptions(wrong)).toBeNull();
});

it('reads a difference by noun, with what changes from what to what', () => {
  const difference = {
    runs: 2,
    read: 2,
    unread: ['a.json'],
    features: { same: 68, changed: 1 },
    rejected: { bad_time: 3 },
    samples: {
      new: [],
      changed: [{ noun: 'features', external_id: 'x', fields: { status: ['open', null] } }],
      removed: [],
    },
  };

  expect(readDifference(difference)).toEqual({
    runs: 2,
    unread: 1,
    nouns: [{ noun: 'features', new: 0, changed: 1, removed: 0, same: 68 }],
    rejected: [['bad_time', 3]],
    samples: [
      [
        'changed',
        [{ noun: 'features', external_id: 'x', kind: null, fields: [['status', 'open', '–']] }],
      ],
    ],
  });
});
