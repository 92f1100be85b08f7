import { useEffect, useRef, type RefObject } from 'react';
import { useLocation } from 'wouter';

/**
 * On another page than before, go to its heading: a reader hears where they are, and Tab goes on from
 * there. Until the heading is there its page stands in; who has gone elsewhere meanwhile is left there.
 */
export function useArrival(main: RefObject<HTMLElement | null>): void {
  const [path] = useLocation();
  const before = useRef(path);
  useEffect(() => {
    const page = main.current;
    if (path === before.current || !page) return;
    before.current = path;
    const focused = document.activeElement;
    // The page may have taken it already; what the page before leaves hidden holds it only seemingly.
    if (focused && page.contains(focused) && focused.checkVisibility()) return;
    page.focus();
    const isAwaited = () => document.activeElement === page && !land(page);
    if (!isAwaited()) return;
    const observer = new MutationObserver(() => isAwaited() || observer.disconnect());
    observer.observe(page, { childList: true, subtree: true });
    return () => observer.disconnect();
  }, [main, path]);
}

/** Go to a page's heading, if there is one yet that can be seen. */
function land(page: HTMLElement): boolean {
  const heading = page.querySelector('h1');
  if (!heading) return false;
  heading.tabIndex = -1;
  heading.focus();
  return document.activeElement === heading;
}
