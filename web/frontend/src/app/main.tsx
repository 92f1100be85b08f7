import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { isTransient } from '@/api/problem';
import { getToken } from '@/api/token';
import { startLanguage } from '@/i18n';
import { LiveStore } from '@/live/store';
import { LiveContext } from '@/live/useLive';
import { App } from './App';
import { ConfigContext, loadConfig } from './config';
import { SessionProvider } from './session';
import './styles.css';
import { startTheme } from './theme';

startTheme();

const cache = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream keeps data current; a reset or the poll invalidates it.
      staleTime: 60_000,
      refetchOnWindowFocus: false,
      retry: (tries, error) => tries < 2 && isTransient(error),
    },
  },
});
const live = new LiveStore(
  cache,
  () => new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws`),
  getToken,
);
const container = document.getElementById('root');
if (!container) throw new Error('index.html has no #root');
const root = createRoot(container);

Promise.all([loadConfig(), startLanguage()]).then(
  ([config]) => {
    live.socket.start();
    root.render(
      <StrictMode>
        <QueryClientProvider client={cache}>
          <ConfigContext.Provider value={config}>
            <LiveContext.Provider value={live}>
              <SessionProvider>
                <App />
              </SessionProvider>
            </LiveContext.Provider>
          </ConfigContext.Provider>
        </QueryClientProvider>
      </StrictMode>,
    );
  },
  async () => {
    const { StartFailed } = await import('./StartFailed');
    root.render(<StartFailed />);
  },
);
