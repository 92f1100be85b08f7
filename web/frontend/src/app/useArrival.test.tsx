import { act, render, screen } from '@testing-library/react';
import { useEffect, useRef, useState } from 'react';
import { beforeEach, expect, it } from 'vitest';
import { Link, Route, Router, Switch } from 'wouter';
import { memoryLocation } from 'wouter/memory-location';
import { useArrival } from './useArrival';

let tell: () => void;

/** A page whose heading comes with its data. */
function Waiting() {
  const [told, setTold] = useState(false);
  useEffect(() => {
    tell = () => setTold(true);
  }, []);
  return told ? <h1>Told</h1> : <p>Loading</p>;
}

function Site() {
  const main = useRef<HTMLElement>(null);
  useArrival(main);
  return (
    <>
      <Link href="/waiting">Bar</Link>
      <main ref={main} tabIndex={-1}>
        <Switch>
          <Route path="/waiting" component={Waiting} />
          <Route path="/status">
            <h1>Status</h1>
          </Route>
          <Route>
            <h1>Home</h1>
          </Route>
        </Switch>
      </main>
    </>
  );
}

let go: (path: string) => void;
beforeEach(() => {
  const { hook, navigate } = memoryLocation({ path: '/' });
  render(
    <Router hook={hook}>
      <Site />
    </Router>,
  );
  go = (path) => act(() => navigate(path));
});
const focused = () => document.activeElement?.textContent;

it('who opens the page begins at its start', () => {
  expect(document.activeElement).toBe(document.body);
});

it('on another page the focus is on its heading, once that is there', async () => {
  go('/status');
  expect(focused()).toBe('Status');

  go('/waiting');
  expect(document.activeElement).toBe(screen.getByRole('main'));
  act(() => tell());
  await Promise.resolve();
  expect(focused()).toBe('Told');
});

it('who has gone elsewhere before the heading came is left there', async () => {
  go('/waiting');
  screen.getByRole('link').focus();
  act(() => tell());
  await Promise.resolve();

  expect(focused()).toBe('Bar');
});
