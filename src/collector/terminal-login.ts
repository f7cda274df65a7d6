import type { Socket } from "node:net";
import type { Bytes } from "#protocol/bytes.ts";
import { createDeframer1376 } from "#protocol/gw1376/frame.ts";
import { readMessage, terminalFromName, terminalName } from "#protocol/gw1376/messages.ts";
import type { Conversation } from "./conversation.ts";
import { type Caller, claimUnproved, type GiveUp, type Registered, type Registrar } from "./registrar.ts";

/** The most user data of a terminal that is waited for: what it sends by itself is short. */
export const USER_DATA_1376_MAX = 2_048;

/** A terminal says its address by a login (登录), or by a heartbeat when it thinks that it is still logged in. */
export async function logIn<Claim>(
  socket: Socket,
  { head, caller }: { head: Bytes; caller: Caller },
  r: Registrar<Claim>,
  talk: Conversation,
  giveUp: GiveUp,
): Promise<Registered<Claim> | null> {
  const deframer = createDeframer1376(USER_DATA_1376_MAX);
  const frames = deframer.push(head);
  for (;;) {
    const at = frames.findIndex((frame) => ["login", "heartbeat"].includes(readMessage(frame).type));
    const login = frames[at];
    if (login) {
      const code = terminalName(login);
      if (terminalFromName(code) === null) return giveUp("no_terminal_address", { concentrator: code });
      const claim = await claimUnproved(socket, { code, kind: "gw1376", caller }, r, giveUp);
      if (claim === null) return null;
      for (const chunk of talk.end()) frames.push(...deframer.push(chunk));
      return { kind: "gw1376", code, claim, channel: caller.channel, deframer, early: frames.slice(at) };
    }
    const chunk = await talk.next();
    if (chunk === null || chunk === "quiet") return giveUp(talk.trouble() ?? "timeout", { first: talk.firstBytes() });
    frames.push(...deframer.push(chunk));
  }
}
