import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '@/api/problem';
import { EmailField, PasswordField } from './fields';
import { Form } from '@/forms/Form';
import { ruleWord } from '@/forms/rules';
import { deviceName, kindOf, linkToken, ownPath } from './rules';

it('signing in leads back into the page only', () => {
  expect(ownPath('/admin/jobs')).toBe('/admin/jobs');
  for (const foreign of ['//evil.example', '/\\evil.example', 'https://evil.example', null]) {
    expect(ownPath(foreign)).toBeNull();
  }
});

it('a mailed link brings its token in the fragment', () => {
  expect(linkToken('#token=a-b_c')).toBe('a-b_c');
  expect(linkToken('#map=12/51/0')).toBeNull();
  expect(linkToken('')).toBeNull();
});

it('a rule without words of ours is told in the server’s', () => {
  expect(ruleWord('personal')).toBe('personal');
  expect(ruleWord('toString')).toBeNull();
});

it('what kind of refusal it is stands at the end of its type', () => {
  const refusal = new ApiError(403, { type: 'urn:citypulse:problem:email-not-verified' });

  expect(kindOf(refusal)).toBe('email-not-verified');
  expect(kindOf(new TypeError('offline'))).toBe('');
});

it.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox, Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0',
    'Edge, Windows',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    'Safari, iOS',
  ],
  ['', null],
])('%s is %s', (agent, device) => {
  expect(deviceName(agent)).toBe(device);
});

describe('a form', () => {
  const show = (send: (values: Record<string, string>) => Promise<unknown>) =>
    render(
      <QueryClientProvider client={new QueryClient()}>
        <Form id="test" action="Send" send={send}>
          <EmailField />
          <PasswordField fresh />
        </Form>
      </QueryClientProvider>,
    );
  const fill = async (email: string, password: string) => {
    await userEvent.type(screen.getByLabelText('Email'), email);
    await userEvent.type(screen.getByLabelText('Password'), password);
    await userEvent.click(screen.getByRole('button', { name: 'Send' }));
  };

  it('is not sent while something is missing, and says where', async () => {
    const send = vi.fn();
    show(send);
    await userEvent.click(screen.getByRole('button', { name: 'Send' }));

    expect(screen.getByRole('alert')).toBe(document.activeElement);
    expect(screen.getByRole('link', { name: /^Email: / })).toBeTruthy();
    expect(screen.getByLabelText('Password').getAttribute('aria-invalid')).toBe('true');
    expect(send).not.toHaveBeenCalled();
  });

  it('binds what the API refuses to the field, and keeps what was typed', async () => {
    const errors = [{ field: 'password', rule: 'common', message: 'too easy' }];
    show(() => Promise.reject(new ApiError(422, { errors })));
    await fill('ada@example.org', 'password12');

    await waitFor(() =>
      expect(screen.getByLabelText('Password').getAttribute('aria-describedby')).toBe(
        'test-password-hint test-password-error',
      ),
    );
    expect(screen.getByRole('alert')).toBe(document.activeElement);
    expect(screen.getByLabelText<HTMLInputElement>('Email').value).toBe('ada@example.org');
    expect(screen.getByLabelText<HTMLInputElement>('Password').value).toBe('password12');
  });

  it('says what is about no field where it was sent, however long the form is', async () => {
    show(() => Promise.reject(new ApiError(409, { detail: 'this is your address already' })));
    await fill('ada@example.org', 'a password');

    const told = await screen.findByRole('alert');
    expect(told.textContent).toBe('This is your address already.');
    expect(told.nextElementSibling?.textContent).toBe('Send');
  });

  it('shows a password when asked, and tells its rules before it is typed', async () => {
    show(() => Promise.resolve());
    const password = screen.getByLabelText<HTMLInputElement>('Password');
    expect(password.autocomplete).toBe('new-password');
    expect(document.getElementById('test-password-hint')?.textContent).toContain('10 characters');

    await userEvent.click(screen.getByRole('button', { name: 'Show the password' }));
    expect(password.type).toBe('text');
  });
});
