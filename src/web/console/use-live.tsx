import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { checkSession } from "#web/shared/api.ts";
import {
  type LiveConnection,
  type LiveHandlers,
  type LiveSource,
  type LiveStatus,
  startLive,
} from "#web/shared/live.ts";
import { applyLiveEvent, forgetHeard, keys } from "#web/shared/live-cache.ts";

const connecting: LiveStatus = { state: "connecting", asOf: null };
const LiveContext = createContext<LiveConnection | null>(null);

/** Listens to the server as long as the shell is shown, and puts what it hears into the cache. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [live, setLive] = useState<LiveConnection | null>(null);
  useEffect(() => {
    const connection = startLive({
      open: listen,
      now: () => performance.now(),
      onEvent: (event) => applyLiveEvent(client, event),
      onConnected: () => {
        // The server tells the last seconds again; what was heard before may be of meters that are not ours to see any more.
        forgetHeard(client);
        // Everything that events keep fresh may have changed while nobody listened.
        for (const queryKey of [keys.board, ["meter"], ["events"], ["frames"], ["last-day"], ["order"], keys.orders])
          void client.invalidateQueries({ queryKey });
        void checkSession(); // rights may have changed as well, and nobody is told of that later
      },
      onBroken: () => void checkSession(), // perhaps it broke because the session is over
    });
    setLive(connection);
    return connection.stop;
  }, [client]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

/** Whether what the page shows is still true, and as of when. */
export function useLiveStatus(): LiveStatus {
  const live = useContext(LiveContext);
  return useSyncExternalStore(live?.subscribe ?? subscribeToNothing, live?.status ?? (() => connecting));
}

function listen({ opened, heard, broken }: LiveHandlers): LiveSource {
  const source = new EventSource("/api/live");
  source.onopen = opened;
  source.onmessage = ({ data }) => heard(String(data));
  source.onerror = broken;
  return source;
}

function subscribeToNothing(): () => void {
  return () => {};
}
