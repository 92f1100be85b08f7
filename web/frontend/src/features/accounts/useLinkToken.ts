import { useEffect, useState } from 'react';
import { linkToken } from './rules';

/** The token of the mailed link that led here; taken out of the address once it was read. */
export function useLinkToken(): string | null {
  const [token] = useState(() => linkToken(location.hash));
  useEffect(() => {
    if (linkToken(location.hash)) {
      history.replaceState(history.state, '', location.pathname + location.search);
    }
  }, []);
  return token;
}
