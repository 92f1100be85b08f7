import { useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { setLanguage } from '@/i18n';
import { useText } from '@/i18n/useText';
import { useLiveState } from '@/live/useLive';
import { buttonClass, IconButton } from '@/ui/Button';
import { Icon } from '@/ui/Icon';
import { Simulated } from '@/ui/StateTag';
import { useConfig } from './config';
import { NarrowMenu } from './NarrowMenu';
import { isOperator, isStaff, useSession } from './session';
import { setTheme, useThemeChoice, type ThemeChoice } from './theme';
import { useCitySlug } from './useCitySlug';

/** From which width the bar holds everything; operators have more places in it, and the longest words are French. */
const EVERYBODY = { wide: 'hidden min-[1100px]:flex', narrow: 'min-[1100px]:hidden', label: '' };
const OPERATORS = { wide: 'hidden xl:flex', narrow: 'xl:hidden', label: 'max-2xl:sr-only' };

export function TopBar() {
  const { t } = useText();
  const config = useConfig();
  const bar = isOperator(useSession().user) ? OPERATORS : EVERYBODY;
  return (
    <header className="sticky top-0 z-20 flex h-13 shrink-0 items-center gap-2 border-b border-line bg-surface px-3 md:px-4">
      <Link href="/" className="flex min-h-9 items-center gap-2 rounded-md pr-2">
        <span className="text-accent">
          <Icon name="pulse" size={24} />
        </span>
        <span className="text-[15px] font-semibold tracking-tight">CityPulse</span>
      </Link>
      <span className="flex flex-col items-start gap-x-2 border-l border-line pl-3 sm:flex-row sm:items-center">
        <CityChoice />
        {config.simulated && (
          <Simulated word={t('item.simulated')} hint={t('item.simulatedMeans')} />
        )}
      </span>
      <nav aria-label={t('nav.label')} className={`ml-3 items-center gap-0.5 ${bar.wide}`}>
        <Places />
      </nav>
      <div className="ml-auto flex items-center gap-1">
        <LiveDot />
        <span className={`items-center gap-1 ${bar.wide}`}>
          <LanguageSwitch />
          <ThemeSwitch />
          <Account />
          <Link href="/report" className={`${buttonClass('primary')} ml-1 !min-h-9`}>
            <Icon name="plus" size={16} /> <span className={bar.label}>{t('nav.report')}</span>
          </Link>
        </span>
        <NarrowMenu className={bar.narrow}>
          <nav aria-label={t('nav.label')} className="grid gap-1">
            <Places />
            <Link href="/report" className={`${buttonClass('primary')} mt-1`}>
              <Icon name="plus" size={16} /> {t('nav.report')}
            </Link>
          </nav>
          <div className="mt-2 flex items-center gap-1">
            <LanguageSwitch />
            <ThemeSwitch />
            <Account />
          </div>
        </NarrowMenu>
      </div>
    </header>
  );
}

function CityChoice() {
  const { t } = useText();
  const { cities } = useConfig();
  const slug = useCitySlug();
  const [, go] = useLocation();
  const name = (city: string) =>
    city.replace(
      /(^|-)(\w)/g,
      (_, dash: string, letter: string) => (dash ? ' ' : '') + letter.toUpperCase(),
    );
  if (cities.length < 2) {
    return <span className="text-muted">{name(slug)}</span>;
  }
  return (
    <select
      aria-label={t('nav.city')}
      value={slug}
      onChange={(event) => go(`/?city=${event.target.value}`)}
      className="min-h-6 max-w-32 bg-surface pr-1 text-muted sm:min-h-9"
    >
      {cities.map((city) => (
        <option key={city} value={city}>
          {name(city)}
        </option>
      ))}
    </select>
  );
}

function Places() {
  const { t } = useText();
  const { user } = useSession();
  const { mailbox } = useConfig();
  return (
    <>
      <Place href="/">{t('nav.map')}</Place>
      <Place href="/status">{t('nav.status')}</Place>
      {mailbox && <Place href="/mailbox">{t('nav.mailbox')}</Place>}
      {isStaff(user) && <Place href="/staff">{t('nav.queue')}</Place>}
      {isOperator(user) && (
        <>
          <Place href="/admin/sources">{t('nav.sources')}</Place>
          <Place href="/admin/jobs">{t('nav.jobs')}</Place>
          <a href="/flower/" className={placeClass(false)}>
            {t('nav.flower')}
          </a>
        </>
      )}
    </>
  );
}

const placeClass = (here: boolean) =>
  `inline-flex min-h-9 items-center rounded-md px-2.5 whitespace-nowrap ${
    here ? 'bg-bg font-semibold' : 'text-muted hover:bg-bg hover:text-ink'
  }`;

function Place({ href, children }: { href: string; children: string }) {
  const [path] = useLocation();
  const here = href === '/' ? path === '/' : path.startsWith(href);
  return (
    <Link href={href} aria-current={here ? 'page' : undefined} className={placeClass(here)}>
      {children}
    </Link>
  );
}

/** Whether what is shown is live, by shape and word. */
function LiveDot() {
  const { t } = useText();
  const state = useLiveState();
  const colour = state === 'live' ? 'text-ok' : 'text-warn';
  return (
    <span
      data-live={state}
      title={t(`live.${state}Means`)}
      className={`flex items-center gap-1.5 px-1.5 text-xs sm:whitespace-nowrap ${colour}`}
    >
      <svg viewBox="0 0 10 10" width="9" height="9" aria-hidden="true">
        <circle
          cx="5"
          cy="5"
          r="4"
          fill={state === 'live' ? 'currentColor' : 'none'}
          stroke="currentColor"
          strokeWidth="1.4"
        />
      </svg>
      {t(`live.${state}`)}
    </span>
  );
}

function LanguageSwitch() {
  const { t, language } = useText();
  const other = language === 'fr' ? 'en' : 'fr';
  return (
    <button
      type="button"
      lang={other}
      onClick={() => setLanguage(other)}
      title={t('nav.language')}
      className="grid size-9 place-items-center rounded-md text-xs font-semibold text-muted hover:bg-bg hover:text-ink"
    >
      <span aria-hidden="true" className="uppercase">
        {other}
      </span>
      <span className="sr-only">{t('nav.language')}</span>
    </button>
  );
}

const THEMES: ThemeChoice[] = ['system', 'light', 'dark'];
const THEME_ICON = { system: 'half', light: 'sun', dark: 'moon' } as const;

function ThemeSwitch() {
  const { t } = useText();
  const choice = useThemeChoice();
  const next = THEMES[(THEMES.indexOf(choice) + 1) % THEMES.length] ?? 'system';
  return (
    <IconButton
      icon={THEME_ICON[choice]}
      label={t('nav.theme', { theme: t(`theme.${choice}`) })}
      onClick={() => setTheme(next)}
    />
  );
}

function Account() {
  const { t } = useText();
  const { user, signOut } = useSession();
  const [path] = useLocation();
  const place = useRef<HTMLSpanElement>(null);
  // The button goes with the session: who pressed it is left where the way in is now.
  const leave = () => void signOut().then(() => place.current?.querySelector('a')?.focus());
  return (
    <span ref={place} className="contents">
      {user ? (
        <>
          <Link
            href="/account"
            title={user.email}
            aria-current={path === '/account' ? 'page' : undefined}
            className={`${placeClass(path === '/account')} gap-1.5`}
          >
            <Icon name="person" size={16} /> {t('nav.account')}
          </Link>
          <button type="button" onClick={leave} className={placeClass(false)}>
            {t('nav.signOut')}
          </button>
        </>
      ) : (
        <Place href="/login">{t('nav.signIn')}</Place>
      )}
    </span>
  );
}
