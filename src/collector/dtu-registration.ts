import type { Socket } from "node:net";
import { type Bytes, concat } from "#protocol/bytes.ts";
import type { Conversation } from "./conversation.ts";
import type { DtuWay } from "./dtus.ts";
import { type Caller, claimUnproved, type GiveUp, type Registered, type Registrar } from "./registrar.ts";

/** After so long without a byte a registration is whole, even if its pattern would allow it to be longer. */
const REGISTRATION_QUIET_MS = 400;

type Found = { way: DtuWay; id: string; length: number };

/**
 * A DTU says who it is by a packet of its own. The longest packet that any way of the archive sees counts; which of the
 * ways is the concentrator's own, its archive decides.
 */
export async function registerDtu<Claim>(
  socket: Socket,
  start: { head: Bytes; ways: readonly DtuWay[]; caller: Caller },
  r: Registrar<Claim>,
  talk: Conversation,
  giveUp: GiveUp,
): Promise<Registered<Claim> | null> {
  const { ways, caller } = start;
  let { head } = start;
  for (;;) {
    const seen = registrationsIn(head, ways);
    const chunk = seen.open ? await talk.next(REGISTRATION_QUIET_MS) : "quiet";
    if (chunk === null) return giveUp(talk.trouble() ?? "timeout", { first: talk.firstBytes() });
    if (chunk !== "quiet") {
      head = concat(head, chunk);
      continue;
    }
    if (seen.found.length === 0) return giveUp("unknown_caller", { first: talk.firstBytes() });
    const own = await ownAmong(seen.found, r);
    const code = own?.id ?? seen.found[0]!.id;
    if (!own && (await r.known(code))?.kind === "transparent") {
      return giveUp("other_packets", { concentrator: code, todo: OTHER_PACKETS });
    }
    const claim = await claimUnproved(socket, { code, kind: "transparent", caller }, r, giveUp);
    if (claim === null || !own) return null;
    const early = concat(head, ...talk.end());
    return { kind: "transparent", code, claim, channel: caller.channel, dtu: own.way.config, early };
  }
}

const OTHER_PACKETS = "the archive has other packets for this DTU: correct them there, or configure the device";

/** The longest ones only: what is the beginning of a longer registration is none. */
function registrationsIn(head: Bytes, ways: readonly DtuWay[]): { found: Found[]; open: boolean } {
  const found: Found[] = [];
  let open = false;
  for (const way of ways) {
    const match = way.config.registration?.match(head, 0);
    open ||= match?.open === true;
    if (match?.found?.id != null) found.push({ way, id: match.found.id, length: match.found.length });
  }
  const longest = Math.max(0, ...found.map((each) => each.length));
  return { found: found.filter((each) => each.length === longest), open };
}

/** The first that is a DTU of the archive and registers in the way that its archive says. */
async function ownAmong<Claim>(found: readonly Found[], r: Registrar<Claim>): Promise<Found | null> {
  for (const each of found) {
    const known = await r.known(each.id);
    if (known?.kind === "transparent" && known.dtuPackets === each.way.packets) return each;
  }
  return null;
}
