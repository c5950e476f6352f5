// What every part of the page shares: the live channel and the last values.

import { createContext, useCallback, useContext, useSyncExternalStore } from "react";
import type { Channel, ConnectionState } from "./live/channel";
import type { Reading, ValueStore } from "./values/store";

export interface Hub {
  readonly channel: Channel;
  readonly values: ValueStore;
}

const Context = createContext<Hub | undefined>(undefined);

export const HubProvider = Context.Provider;

export function useHub(): Hub {
  const hub = useContext(Context);
  if (hub === undefined) throw new Error("useHub needs a HubProvider above it");
  return hub;
}

export function useConnection(): ConnectionState {
  const { channel } = useHub();
  return useSyncExternalStore(channel.watch, channel.state);
}

export function useReading(topic: string): Reading | undefined {
  const { values } = useHub();
  const listen = useCallback((tell: () => void) => values.listen(topic, tell), [values, topic]);
  return useSyncExternalStore(listen, () => values.get(topic));
}
