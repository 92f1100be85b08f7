import type { Feed } from '@/api/types';
import { FreshnessMark } from '@/ui/FreshnessMark';

/** How fresh a feed is; of one that was never read there is nothing to be old. */
export function FeedFreshness({ feed }: { feed: Feed }) {
  return feed.last_success_at ? <FreshnessMark freshness={feed.freshness} /> : null;
}
