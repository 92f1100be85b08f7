import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  type ReactNode,
} from 'react';
import { api, must, refreshSession } from '@/api/client';
import { setToken } from '@/api/token';
import type { User } from '@/api/types';
import { useLive } from '@/live/useLive';

const HINT = 'citypulse.signed-in';

interface SessionValue {
  user: User | null;
  /** False until it is known whether somebody is signed in. */
  known: boolean;
  signIn: (email: string, password: string) => Promise<User>;
  signOut: () => Promise<void>;
}

const SessionContext = createContext<SessionValue | null>(null);

export function useSession(): SessionValue {
  const value = useContext(SessionContext);
  if (!value) throw new Error('useSession outside SessionProvider');
  return value;
}

/** May this user see jobs and sources? */
export function isOperator(user: User | null): boolean {
  return user?.role === 'admin' || user?.role === 'ops';
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const { socket } = useLive();
  const [user, setUser] = useState<User | null>(null);
  // Visitors who never signed in are not asked about: their console stays clean.
  const [known, setKnown] = useState(() => !expectsSession());

  useEffect(() => {
    if (!expectsSession()) return;
    void refreshSession().then((session) => {
      if (session) {
        localStorage.setItem(HINT, '1');
        setUser(session.user);
        socket.reintroduce();
      } else localStorage.removeItem(HINT);
      setKnown(true);
    });
  }, [socket]);

  const signIn = useCallback(
    async (email: string, password: string) => {
      const session = await must(api.POST('/api/v1/auth/login', { body: { email, password } }));
      setToken(session.access_token);
      localStorage.setItem(HINT, '1');
      setUser(session.user);
      socket.reintroduce();
      return session.user;
    },
    [socket],
  );

  const signOut = useCallback(async () => {
    await api.POST('/api/v1/auth/logout').catch(() => undefined);
    setToken(null);
    localStorage.removeItem(HINT);
    setUser(null);
    const { clearDrafts } = await import('@/features/reports/draft');
    await clearDrafts();
    cache.clear();
    socket.reintroduce();
  }, [cache, socket]);

  const value = useMemo(() => ({ user, known, signIn, signOut }), [user, known, signIn, signOut]);
  return <SessionContext.Provider value={value}>{children}</SessionContext.Provider>;
}

/** A session is worth asking for after an earlier one, or on the way back from Google. */
function expectsSession(): boolean {
  return (
    localStorage.getItem(HINT) === '1' || new URLSearchParams(location.search).has('signed-in')
  );
}
