import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { LiveState } from '@/live/socket';
import type { LiveStore } from '@/live/store';
import { LiveContext } from '@/live/useLive';
import { AgeNotice } from './AgeNotice';

function said(state: LiveState, wasLive: boolean): [aloud?: string | null, shown?: string | null] {
  const live = { state, wasLive, subscribe: () => () => undefined } as unknown as LiveStore;
  const { container } = render(
    <LiveContext.Provider value={live}>
      <AgeNotice at={Date.parse('2026-03-01T12:00:00Z')} zone="UTC" />
    </LiveContext.Provider>,
  );
  return [screen.getByRole('status').textContent, container.textContent];
}

it('says nothing while the stream stands', () => {
  expect(said('live', false)).toEqual(['', '']);
});

it('says once that the stream is being opened, and shows from when the data is', () => {
  const [aloud, shown] = said('connecting', false);

  expect(aloud).toMatch(/^The live stream is being opened/);
  expect(aloud).not.toMatch(/12:00/);
  expect(shown).toMatch(/12:00/);
});

it('speaks of coming back only after the stream has stood', () => {
  expect(said('connecting', true)[0]).toMatch(/^Reconnecting/);
});
