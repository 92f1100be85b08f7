import { createContext, useContext, useEffect, useSyncExternalStore } from 'react';
import type { LiveState } from './socket';
import type { LiveStore } from './store';

export const LiveContext = createContext<LiveStore | null>(null);

export function useLive(): LiveStore {
  const store = useContext(LiveContext);
  if (!store) throw new Error('useLive outside LiveContext');
  return store;
}

export function useLiveState(): LiveState {
  const store = useLive();
  return useSyncExternalStore(store.subscribe, () => store.state);
}

/** Follow a topic of the stream while the component is shown. */
export function useTopic(topic: string | null): void {
  const { socket } = useLive();
  useEffect(() => (topic ? socket.follow(topic) : undefined), [socket, topic]);
}
