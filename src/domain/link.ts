import type { CommandKind } from "./command.ts";

/**
 * How a concentrator (集中器) is spoken to. `jichao`: our own JCP/1. `transparent`: a plain DTU (透传) that passes bytes on.
 * `gw1376`: a terminal of Q/GDW 1376.1.
 */
export const linkKinds = ["jichao", "transparent", "gw1376"] as const;
export type LinkKind = (typeof linkKinds)[number];

/** Who opens the connection: the device (TCP client, the usual way), or the collector, because the device listens. */
export const linkDirections = ["dials_in", "listens"] as const;
export type LinkDirection = (typeof linkDirections)[number];

/**
 * What may be done over a link (信任级别). A link without proof of identity is `none` until somebody allows it: `limited`
 * is reading and recharging, since a meter checks a top-up itself; `full` is switching off, too. JCP/1 is always `full`.
 */
export const linkTrusts = ["none", "limited", "full"] as const;
export type LinkTrust = (typeof linkTrusts)[number];

/**
 * How a concentrator must come (通道): `plain` by TCP, `tls` by TLS 1.3 with a key or certificate of its own. One that must
 * come by `tls` is not let in by plain; the other way round it may.
 */
export const linkChannels = ["plain", "tls"] as const;
export type LinkChannel = (typeof linkChannels)[number];

/** Whether a link proves who is there: JCP/1 by itself, any other only inside TLS. */
export function provesIdentity(link: { kind: LinkKind; channel: LinkChannel }): boolean {
  return link.kind === "jichao" || link.channel === "tls";
}

/** What of a link decides who may come over it, and what may then be done. */
export type LinkGuard = {
  kind: LinkKind;
  channel: LinkChannel;
  trust: LinkTrust;
  sources: readonly string[] | null;
  lockSource: boolean;
  fingerprint: string | null;
};

/**
 * Whether a link is guarded less than before: its proof of identity or its TLS is given up, more networks are let in, it is not locked
 * to its first address any more, its certificate is not asked for, or more may be done over a link without proof.
 */
export function isGuardedLess(before: LinkGuard, after: LinkGuard): boolean {
  if (provesIdentity(before) && !provesIdentity(after)) return true;
  if (before.channel === "tls" && after.channel !== "tls") return true;
  if (before.fingerprint !== null && after.fingerprint === null) return true;
  if (before.lockSource && !after.lockSource) return true;
  if (before.sources !== null && !after.sources?.every((each) => before.sources?.includes(each))) return true;
  return !provesIdentity(after) && linkTrusts.indexOf(after.trust) > linkTrusts.indexOf(before.trust);
}

/**
 * Commands that take supply or credit away from somebody (拉闸、清零、扣减、模式). Whoever could pretend to be the meters behind
 * a link without proof could make us believe that they happened.
 */
const TAKING_KINDS: ReadonlySet<CommandKind> = new Set(["trip", "deduct", "clear", "set_mode"]);

/** Why a command must not go over a link. */
export type LinkRefusal = "link_not_trusted" | "link_risk";

/**
 * Whether a command may go over a link, null, or why not. What takes supply or credit away needs full trust; over a link
 * without proof of identity it also needs that the risk was taken for the whole project (明文风险开关).
 */
export function whyNotOverLink(
  command: CommandKind,
  link: { kind: LinkKind; channel: LinkChannel; trust: LinkTrust },
  riskTaken: boolean,
): LinkRefusal | null {
  if (!TAKING_KINDS.has(command)) return null;
  if (link.trust !== "full") return "link_not_trusted";
  return provesIdentity(link) || riskTaken ? null : "link_risk";
}

/** Whether a command of this kind is one that {@link whyNotOverLink} may refuse. */
export function takesAway(command: CommandKind): boolean {
  return TAKING_KINDS.has(command);
}

/**
 * After so many heartbeats without a byte a concentrator of JCP/1 is hung up on. Less than two, so that it is shown as gone before the
 * second one is missed (集中器离线).
 */
export const SILENT_HEARTBEATS = 1.8;

/** After so many heartbeats the pages call a concentrator gone even if its collector does not say so; the collector writes every few seconds. */
export const GONE_HEARTBEATS = 2;

/** One packet of a DTU, as a simple pattern of text or of hex bytes; parentheses around the id. */
export type DtuPacket = { text: string } | { hex: string };

/** What a DTU says by itself: how it registers (null: it never does), and what it sends to stay connected. */
export type DtuPackets = { registration: DtuPacket | null; heartbeats: readonly DtuPacket[] };

/** The link of a concentrator as an archive describes it. */
export type ConcentratorLink = {
  kind: LinkKind;
  direction: LinkDirection;
  /** Where a device that listens is reached. */
  address: { host: string; port: number } | null;
  trust: LinkTrust;
  /** By plain TCP when left out. */
  channel?: LinkChannel;
  /** Of a DTU; null for the usual ones (15 digits of IMEI, "ping"). */
  dtu: DtuPackets | null;
};

/** A meter's place behind a concentrator, by its number in the archive. */
export type MeterPlace = {
  number: string;
  address: string;
  concentrator: string;
  bus: number;
  /** Number of the gateway meter (网关表) behind which it hangs; null on the bus itself. */
  gateway: string | null;
};

/** So many meters a concentrator manages (每台集中器最大 500 台). */
export const METERS_PER_CONCENTRATOR_MAX = 500;

/** The usual concentrator: JCP/1, which dials in and proves itself. */
export const USUAL_LINK: ConcentratorLink = {
  kind: "jichao",
  direction: "dials_in",
  address: null,
  trust: "full",
  dtu: null,
};

/** What is wrong with a concentrator's link, in a word; null when nothing is. */
export function linkFault(code: string, link: ConcentratorLink): string | null {
  if (!/^[\x21-\x7e]{1,32}$/.test(code)) return "code";
  if (link.kind === "gw1376" && !isTerminalName(code)) return "terminal_address";
  if (link.kind === "jichao" && link.trust !== "full") return "trust";
  if (link.direction === "listens" && link.channel === "tls") return "channel";
  if (link.direction === "listens" && !isAddress(link.address)) return "address";
  if (link.kind !== "transparent" && link.dtu !== null) return "dtu";
  if (link.dtu === null) return null;
  if (link.dtu.registration === null && link.direction === "dials_in") return "dtu_registration";
  const packets = [...(link.dtu.registration ? [link.dtu.registration] : []), ...link.dtu.heartbeats];
  return packets.length <= DTU_PACKETS_MAX && packets.every(isPacket) ? null : "dtu_packets";
}

/**
 * What is wrong with the places of a site's meters: the number of the first meter that is in the wrong, and a word. A
 * route leads over one gateway on the same bus of the same concentrator, which hangs on the bus itself: no chains, no
 * loops. Behind a plain DTU there is one bus, because its bytes carry no port.
 */
export function placeFault(
  meters: readonly MeterPlace[],
  kindOf: (concentrator: string) => LinkKind | undefined,
): { meter: string; why: string } | null {
  const byNumber = new Map(meters.map((meter) => [meter.number, meter]));
  const counts = new Map<string, number>();
  const buses = new Map<string, number>();
  for (const meter of meters) {
    const { number, concentrator, bus } = meter;
    const fault = (why: string) => ({ meter: number, why });
    const kind = kindOf(concentrator);
    if (kind === undefined) return fault("concentrator");
    const count = (counts.get(concentrator) ?? 0) + 1;
    counts.set(concentrator, count);
    if (count > METERS_PER_CONCENTRATOR_MAX) return fault("meters_per_concentrator");
    if (kind === "transparent" && (buses.get(concentrator) ?? bus) !== bus) return fault("one_bus");
    buses.set(concentrator, bus);
    if (meter.gateway === null) continue;
    const gateway = byNumber.get(meter.gateway);
    if (!gateway || gateway === meter || !/^\d{12}$/.test(gateway.address)) return fault("gateway");
    if (gateway.concentrator !== concentrator || gateway.bus !== bus) return fault("gateway_elsewhere");
    if (gateway.gateway !== null) return fault("gateway_chain");
  }
  return null;
}

const DTU_PACKETS_MAX = 8;
/** The longest pattern that the link layer takes, in characters. */
const PACKET_CHARS_MAX = 256;

function isPacket(packet: DtuPacket): boolean {
  const pattern = "text" in packet ? packet.text : packet.hex;
  return pattern.length > 0 && pattern.length <= PACKET_CHARS_MAX;
}

/** Region of 4 digits and a terminal number 1 … 65535 of 5. */
function isTerminalName(code: string): boolean {
  const number = Number(code.slice(4));
  return /^\d{9}$/.test(code) && number >= 1 && number <= 0xffff;
}

function isAddress(address: ConcentratorLink["address"]): boolean {
  if (address === null) return false;
  const { host, port } = address;
  return /^[\w.:-]{1,100}$/.test(host) && Number.isInteger(port) && port >= 1 && port <= 65_535;
}
