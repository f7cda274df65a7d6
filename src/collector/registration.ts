import type { Socket } from "node:net";
import { type Bytes, concat } from "#protocol/bytes.ts";
import { createDeframer1376 } from "#protocol/gw1376/frame.ts";
import { detectLink } from "#protocol/link/detect.ts";
import type { CompiledTransparent } from "#protocol/link/transparent.ts";
import { type Conversation, conversation } from "./conversation.ts";
import { registerDtu } from "./dtu-registration.ts";
import { prove } from "./jichao-proof.ts";
import type { Caller, GiveUp, KnownLink, Registered, Registrar } from "./registrar.ts";
import { logIn, USER_DATA_1376_MAX } from "./terminal-login.ts";

/**
 * Recognises who calls and lets it register in its own way. Null when the socket has not registered; it is closed then,
 * and why stands in the log. Nothing is answered to bytes that are not of a link we know, and no refusal says why.
 */
export async function register<Claim>(
  socket: Socket,
  caller: Caller,
  r: Registrar<Claim>,
): Promise<Registered<Claim> | null> {
  const { source } = caller;
  r.capture.tap(socket, caller);
  const talk = conversation(socket, r.timeoutMs);
  const giveUp: GiveUp = (why, fields = {}) => {
    r.refused(why);
    r.log.info({ source, why, ...fields }, "a connection was closed before it registered");
    socket.destroySoon();
    return null;
  };
  try {
    return await recognise(socket, caller, r, talk, giveUp);
  } finally {
    talk.end();
  }
}

async function recognise<Claim>(
  socket: Socket,
  caller: Caller,
  r: Registrar<Claim>,
  talk: Conversation,
  giveUp: GiveUp,
): Promise<Registered<Claim> | null> {
  let head: Bytes = new Uint8Array(0);
  for (;;) {
    const chunk = await talk.next();
    if (chunk === null || chunk === "quiet") return giveUp(talk.trouble() ?? "timeout", { first: talk.firstBytes() });
    head = concat(head, chunk);
    const isOurs = detectLink(head, []) === "jcp1";
    const ways = isOurs ? [] : await r.dtuWays();
    const patterns = ways.flatMap(({ config }) => config.registration ?? []);
    const link = isOurs ? "jcp1" : detectLink(head, patterns);
    switch (link) {
      case "need-more":
        continue;
      case "jcp1":
        return prove(socket, { head, caller }, r, talk, giveUp);
      case "gw1376":
        return logIn(socket, { head, caller }, r, talk, giveUp);
      case "dtu-registration":
        return registerDtu(socket, { head, ways, caller }, r, talk, giveUp);
      case "transparent-645":
      case "transparent-188": {
        const todo = "let the DTU send a registration packet, and enter the packet in its archive";
        return giveUp("dtu_without_registration", { link, todo, first: talk.firstBytes() });
      }
      case "unknown":
        return giveUp("unknown_caller", { first: talk.firstBytes() });
    }
  }
}

/**
 * Registers a concentrator that we have dialled. One that can say who it is must say so, and must be the right one; a
 * terminal, and a DTU that never registers, are who they are by their address.
 */
export async function registerDialled<Claim>(
  socket: Socket,
  caller: Caller,
  dialled: { link: KnownLink; dtu: CompiledTransparent | null },
  r: Registrar<Claim>,
): Promise<Registered<Claim> | null> {
  const { link, dtu } = dialled;
  const { code } = link;
  if (link.kind === "jichao" || dtu?.registration) return register(socket, caller, r);
  const claim = await r.claim(code, link.kind, caller);
  if (claim === null) {
    socket.destroySoon();
    return null;
  }
  if (dtu) return { kind: "transparent", code, claim, channel: caller.channel, dtu, early: new Uint8Array(0) };
  const deframer = createDeframer1376(USER_DATA_1376_MAX);
  return { kind: "gw1376", code, claim, channel: caller.channel, deframer, early: [] };
}
