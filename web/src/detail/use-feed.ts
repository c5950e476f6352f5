// A topic's feed for as long as it is shown.

import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useHub } from "../hub-context";
import { TopicFeed, type FeedState } from "./feed";

export function useFeed(topic: string): { feed: TopicFeed; state: FeedState } {
  const { channel } = useHub();
  const feed = useMemo(() => new TopicFeed(channel, topic), [channel, topic]);
  useEffect(() => feed.start(), [feed]);
  return { feed, state: useSyncExternalStore(feed.watch, feed.state) };
}
