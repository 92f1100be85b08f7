import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from 'react';
import { api, must } from '@/api/client';
import { inTurn, mayRefresh, refreshSession } from '@/api/refresh';
import { onToken, setToken } from '@/api/token';
import type { Session, User } from '@/api/types';
import { useLive } from '@/live/useLive';
import { useEvent } from '@/ui/useEvent';

/** Where the tabs of one browser tell each other who came and went. */
const TABS = 'citypulse.session';

interface SessionValue {
  user: User | null;
  /** False until it is known whether somebody is signed in. */
  known: boolean;
  signIn: (email: string, password: string) => Promise<User>;
  signOut: () => Promise<void>;
  /** What was changed of the account is shown everywhere. */
  update: (user: User) => void;
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

/** May this user handle what residents report? */
export function isStaff(user: User | null): boolean {
  return user?.role === 'admin' || user?.role === 'staff';
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const { socket } = useLive();
  const [user, setUser] = useState<User | null>(null);
  // Visitors who never signed in are not asked about: their console stays clean.
  const [known, setKnown] = useState(() => !mayRefresh());

  const begin = useCallback(
    (session: Session) => {
      setUser(session.user);
      socket.reintroduce();
    },
    [socket],
  );
  const forget = useCallback(async () => {
    setToken(null);
    const { clearDrafts } = await import('@/features/reports/draft');
    await clearDrafts();
    cache.clear();
    socket.reintroduce();
  }, [cache, socket]);
  const resume = useCallback(
    () =>
      refreshSession()
        .catch(() => null)
        .then((session) => {
          if (session) begin(session);
          setKnown(true);
        }),
    [begin],
  );

  useEffect(() => {
    if (mayRefresh()) void resume();
  }, [resume]);
  // Ended elsewhere, or by the server: a page that believes otherwise would only be refused.
  useEffect(() => onToken((token) => token === null && setUser(null)), []);
  const tell = useTabs((came) => void (came ? resume() : forget()));

  const signIn = useCallback(
    async (email: string, password: string) => {
      const session = await inTurn(() =>
        must(api.POST('/api/v1/auth/login', { body: { email, password } })),
      );
      setToken(session.access_token, session.expires_in);
      begin(session);
      tell(true);
      return session.user;
    },
    [begin, tell],
  );
  const signOut = useCallback(async () => {
    await api.POST('/api/v1/auth/logout').catch(() => undefined);
    await forget();
    tell(false);
  }, [forget, tell]);

  const value = useMemo(
    () => ({ user, known, signIn, signOut, update: setUser }),
    [user, known, signIn, signOut],
  );
  return <SessionContext.Provider value={value}>{children}</SessionContext.Provider>;
}

/** Hear from the other tabs that somebody came (true) or went (false), and tell them. */
function useTabs(heard: (came: boolean) => void): (came: boolean) => void {
  const hear = useEvent(heard);
  const channel = useRef<BroadcastChannel | null>(null);
  useEffect(() => {
    const one = new BroadcastChannel(TABS);
    one.onmessage = ({ data }) => hear(data === true);
    channel.current = one;
    return () => one.close();
  }, [hear]);
  return useCallback((came) => channel.current?.postMessage(came), []);
}
