import { describe, expect, it } from 'vitest';
import { call, departure } from '../../../tests/samples';
import { at, callsAhead, callStopping, stopping } from './trips';

const NOON = Date.parse('2026-03-01T12:00:00Z');
const minutes = (count: number) => NOON + count * 60_000;

describe('how a stop stands to its plan', () => {
  it.each([
    [0, 'onTime', 0],
    [59, 'onTime', 0],
    [-59, 'onTime', 0],
    [60, 'late', 1],
    [200, 'late', 3],
    [-60, 'early', 1],
  ])('%i seconds', (delay_seconds, word, count) => {
    expect(stopping(departure({ delay_seconds })).standing).toEqual({ word, count });
  });

  it('is not said when nobody tells a delay', () => {
    expect(stopping(departure({ delay_seconds: null })).standing).toBeNull();
  });

  it.each([
    ['canceled', 'cancelled'],
    ['skipped', 'skipped'],
  ])('what is %s is not expected, whatever was predicted', (relationship, word) => {
    expect(stopping(departure({ relationship }))).toEqual({
      planned: '2026-03-01T12:10:00Z',
      isApproximate: false,
      expected: null,
      standing: { word, count: 0 },
    });
  });

  it('without data it is planned only', () => {
    const told = departure({ relationship: 'no_data', predicted: null, delay_seconds: null });

    expect(stopping(told).standing?.word).toBe('noData');
    expect(at(stopping(told))).toBe('2026-03-01T12:10:00Z');
  });

  it('a trip that is cancelled makes none of its calls', () => {
    expect(callStopping(call(), 'canceled')).toMatchObject({
      expected: null,
      standing: { word: 'cancelled' },
    });
  });

  it('says where its plan is published by nobody', () => {
    expect(callStopping(call({ is_approximate: true }), 'scheduled').isApproximate).toBe(true);
    expect(stopping(departure()).isApproximate).toBe(false);
  });

  it('an arrival stands for a departure that is not told', () => {
    const last = call({
      scheduled_arrival: '2026-03-01T12:20:00Z',
      scheduled_departure: null,
      predicted_arrival: '2026-03-01T12:21:00Z',
      predicted_departure: null,
    });

    expect(callStopping(last, 'scheduled')).toMatchObject({
      planned: '2026-03-01T12:20:00Z',
      expected: '2026-03-01T12:21:00Z',
    });
  });
});

describe('the calls ahead', () => {
  const calls = [5, 15, 25].map((minute) =>
    call({
      stop_sequence: minute,
      predicted_departure: new Date(minutes(minute)).toISOString(),
    }),
  );
  const ahead = (now: number, of = calls) =>
    callsAhead(of, 'scheduled', now).map((one) => one.stop_sequence);

  it('begin with the first that is not past', () => {
    expect(ahead(minutes(4))).toEqual([5, 15, 25]);
    expect(ahead(minutes(6))).toEqual([15, 25]);
    expect(ahead(minutes(26))).toEqual([]);
  });

  it('hold a call between two of them whose time nobody tells', () => {
    const untimed = { scheduled_departure: null, predicted_departure: null, stop_sequence: 20 };

    expect(ahead(minutes(6), [...calls.slice(0, 2), call(untimed), ...calls.slice(2)])).toEqual([
      15, 20, 25,
    ]);
    expect(ahead(minutes(6), [call(untimed)])).toEqual([20]);
  });
});
