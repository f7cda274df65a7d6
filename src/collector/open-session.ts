import type { Socket } from "node:net";
import { assert } from "#base/errors.ts";
import { type Clock, MINUTE_MS } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { terminalFromName } from "#protocol/gw1376/messages.ts";
import type { Log } from "#system/log.ts";
import type { Capture } from "./capture/capture.ts";
import type { CollectorConfig } from "./config.ts";
import { createGw1376Session } from "./gw1376-session.ts";
import { createJichaoSession } from "./jichao-session.ts";
import type { Registered } from "./registrar.ts";
import type { Session } from "./session.ts";
import { createTransparentSession } from "./transparent-session.ts";

/** A plain line has no heartbeat of ours: the operating system looks whether the other end is still there. */
const KEEP_ALIVE_MS = MINUTE_MS;

/**
 * The session of a socket that has registered, by its kind of link. Nothing is sent and nothing of what came early is
 * looked at before `begin`.
 */
export function openSession(
  socket: Socket,
  registered: Registered<unknown>,
  options: { config: CollectorConfig; clock: Clock; log: Log; capture: Capture },
): { session: Session; begin(): void } {
  const { config, clock, log, capture } = options;
  const { heartbeatSeconds, linkAllowanceMs, legacySilenceMs: silenceMs } = config;
  const { code } = registered;
  const sent = (bytes: Bytes) => capture.sent(socket, bytes);
  const common = { code, linkAllowanceMs, clock, log, sent };
  // One that we have dialled may not have been listened to until now.
  capture.tap(socket, { source: socket.remoteAddress ?? "unknown", channel: registered.channel });
  capture.name(socket, { code, kind: registered.kind });
  if (registered.kind !== "jichao") socket.setKeepAlive(true, KEEP_ALIVE_MS);
  switch (registered.kind) {
    case "jichao": {
      const { deframer, protocols, seq, mac, early } = registered;
      const session = createJichaoSession(socket, { ...common, deframer, protocols, heartbeatSeconds });
      return { session, begin: () => session.welcome(seq, mac, heartbeatSeconds, early) };
    }
    case "transparent": {
      const session = createTransparentSession(socket, { ...common, dtu: registered.dtu, silenceMs });
      return { session, begin: () => session.start(registered.early) };
    }
    case "gw1376": {
      const terminal = terminalFromName(code);
      assert(terminal !== null, `${code} is a terminal`);
      const session = createGw1376Session(socket, { ...common, terminal, deframer: registered.deframer, silenceMs });
      return { session, begin: () => session.start(registered.early) };
    }
  }
}
