import type { Feed } from '@/api/types';
import { FreshnessMark } from '@/ui/FreshnessMark';

/** How fresh a feed is; of one whose first run has not ended nothing is known. */
export function FeedFreshness({ feed }: { feed: Feed }) {
  const isKnown = feed.last_success_at !== null || feed.failures_in_a_row > 0;
  return isKnown ? <FreshnessMark freshness={feed.freshness} /> : null;
}
