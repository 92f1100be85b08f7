import { lazy, Suspense, useRef } from 'react';
import { Route, Switch } from 'wouter';
import { withWords } from '@/i18n';
import { useText } from '@/i18n/useText';
import { useTopic } from '@/live/useLive';
import { PageBoundary } from './PageBoundary';
import { TopBar } from './TopBar';
import { useArrival } from './useArrival';
import { useCitySlug } from './useCitySlug';

const loadCity = () => import('@/features/city/CityPage');
// Fetched while the configuration is, not after it.
if (location.pathname === '/') void loadCity();

const CityPage = lazy(loadCity);
const ReportForm = lazy(withWords(() => import('@/features/reports/ReportForm')));
const ReportProgress = lazy(withWords(() => import('@/features/reports/ReportProgress')));
const ReportPage = lazy(withWords(() => import('@/features/reports/ReportPage')));
const AccountPage = lazy(withWords(() => import('@/features/accounts/AccountPage')));
const EmailPage = lazy(withWords(() => import('@/features/accounts/EmailPage')));
const RegisterPage = lazy(withWords(() => import('@/features/accounts/RegisterPage')));
const ResetPage = lazy(withWords(() => import('@/features/accounts/ResetPage')));
const VerifyPage = lazy(withWords(() => import('@/features/accounts/VerifyPage')));
const LoginPage = lazy(withWords(() => import('@/features/accounts/LoginPage')));
const JobsPage = lazy(withWords(() => import('@/features/jobs/JobsPage')));
const JobPage = lazy(withWords(() => import('@/features/jobs/JobPage')));
const SourcesPage = lazy(withWords(() => import('@/features/feeds/SourcesPage')));
const EditSourcePage = lazy(withWords(() => import('@/features/feeds/EditSourcePage')));
const SourcePage = lazy(withWords(() => import('@/features/feeds/SourcePage')));
const MailboxPage = lazy(withWords(() => import('@/features/mailbox/MailboxPage')));
const QueuePage = lazy(withWords(() => import('@/features/staff/QueuePage')));
const NotFound = lazy(withWords(() => import('./NotFound')));
const UpdatePrompt = lazy(() => import('./UpdatePrompt'));
const StatusPage = lazy(withWords(() => import('@/features/status/StatusPage')));

export function App() {
  const { t } = useText();
  const main = useRef<HTMLElement>(null);
  useTopic(`city:${useCitySlug()}`);
  useArrival(main);
  return (
    <div className="flex min-h-dvh flex-col md:h-dvh">
      <a
        href="#main"
        className="absolute -top-20 left-2 z-50 rounded-md bg-accent px-4 py-2 text-onaccent focus:top-2"
      >
        {t('nav.skip')}
      </a>
      <TopBar />
      <main
        ref={main}
        id="main"
        tabIndex={-1}
        className="min-h-0 flex-1 outline-none md:overflow-y-auto"
      >
        <PageBoundary>
          <Suspense fallback={<PageWaiting />}>
            <Switch>
              <Route path="/" component={CityPage} />
              <Route path="/report" component={ReportForm} />
              <Route path="/reports/:id/progress" component={ReportProgress} />
              <Route path="/reports/:id" component={ReportPage} />
              <Route path="/login" component={LoginPage} />
              <Route path="/register" component={RegisterPage} />
              <Route path="/verify" component={VerifyPage} />
              <Route path="/reset" component={ResetPage} />
              <Route path="/email" component={EmailPage} />
              <Route path="/account" component={AccountPage} />
              <Route path="/admin/jobs" component={JobsPage} />
              <Route path="/admin/jobs/:id" component={JobPage} />
              <Route path="/admin/sources" component={SourcesPage} />
              <Route path="/admin/sources/new" component={EditSourcePage} />
              <Route path="/admin/sources/:id/edit" component={EditSourcePage} />
              <Route path="/admin/sources/:id" component={SourcePage} />
              <Route path="/staff" component={QueuePage} />
              <Route path="/mailbox" component={MailboxPage} />
              <Route path="/mailbox/:id" component={MailboxPage} />
              <Route path="/status" component={StatusPage} />
              <Route component={NotFound} />
            </Switch>
          </Suspense>
        </PageBoundary>
      </main>
      <Suspense fallback={null}>
        <UpdatePrompt />
      </Suspense>
    </div>
  );
}

function PageWaiting() {
  return (
    <div className="mx-auto max-w-2xl space-y-3 px-4 py-8">
      <div className="skeleton h-7 w-1/2" />
      <div className="skeleton h-40" />
    </div>
  );
}
