import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { LiveState } from '@/live/socket';
import type { LiveStore } from '@/live/store';
import { LiveContext } from '@/live/useLive';
import { AgeNotice } from './AgeNotice';

function said(state: LiveState, wasLive: boolean): string | null {
  const live = { state, wasLive, subscribe: () => () => undefined } as unknown as LiveStore;
  render(
    <LiveContext.Provider value={live}>
      <AgeNotice at={Date.parse('2026-03-01T12:00:00Z')} zone="UTC" />
    </LiveContext.Provider>,
  );
  return screen.queryByRole('status')?.textContent ?? null;
}

it('says from when the data is while the stream does not stand', () => {
  expect(said('live', false)).toBeNull();
  expect(said('connecting', false)).toMatch(/^The live stream is being opened.*12:00/);
});

it('speaks of coming back only after the stream has stood', () => {
  expect(said('connecting', true)).toMatch(/^Reconnecting.*12:00/);
});
