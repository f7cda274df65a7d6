import { type Bytes, concat } from "../bytes.ts";
import { type CompiledPattern, compilePattern, type DtuPattern, type PatternMatch } from "./dtu-pattern.ts";
import { DTU_PACKET_MAX } from "./dtu-syntax.ts";
import { METER_FRAME_MAX, type MeterWire, meterFrameAt } from "./meter-frame.ts";

/** A plain DTU (透传 DTU) as configuration: what it says by itself, and what the meters behind it speak. */
export type TransparentConfig = {
  /** How it says who it is. Null for a DTU that never does and is known by its port. */
  registration: DtuPattern | null;
  /** What it sends to keep the line open. A registration that is repeated counts as one too. */
  heartbeats: readonly DtuPattern[];
  /** Frames inside which nothing is taken for a heartbeat; both when left out. */
  meters?: readonly MeterWire[];
};

/** What came over the line, in order. `bytes` are for the meter protocols; `raw` is the packet as it was sent. */
export type TransparentEvent =
  | { type: "register"; id: string; raw: Bytes }
  | { type: "heartbeat"; id: string | null; raw: Bytes }
  | { type: "bytes"; bytes: Bytes };

/** The stream side of a plain DTU. The events do not depend on how the stream was cut, apart from how `bytes` are. */
export type TransparentLink = {
  push(chunk: Bytes): TransparentEvent[];
  /** The line has been silent: what was held back because more could have come is given out. */
  flush(): TransparentEvent[];
  /** Bytes held back; never more than {@link TRANSPARENT_HELD_MAX}. */
  pending(): number;
  /** The id that the DTU registered with last. */
  id(): string | null;
};

/** The most bytes ever held back: one meter frame, or one packet of the DTU. */
export const TRANSPARENT_HELD_MAX = Math.max(METER_FRAME_MAX, DTU_PACKET_MAX);

/** A configuration whose patterns have been understood; one serves any number of lines. */
export type CompiledTransparent = {
  registration: CompiledPattern | null;
  heartbeats: readonly CompiledPattern[];
  meters: readonly MeterWire[];
};

/** Makes a configuration ready, or says which pattern cannot be understood. */
export function compileTransparent(
  config: TransparentConfig,
): { ok: true; config: CompiledTransparent } | { ok: false; reason: string } {
  const heartbeats: CompiledPattern[] = [];
  for (const each of config.heartbeats) {
    const compiled = compilePattern(each);
    if (!compiled.ok) return { ok: false, reason: `heartbeat: ${compiled.reason}` };
    heartbeats.push(compiled.pattern);
  }
  const meters = config.meters ?? ["dlt645", "cjt188"];
  if (config.registration === null) return { ok: true, config: { registration: null, heartbeats, meters } };
  const compiled = compilePattern(config.registration);
  if (!compiled.ok) return { ok: false, reason: `registration: ${compiled.reason}` };
  if (!compiled.holdsId) return { ok: false, reason: "registration: no group holds the id" };
  return { ok: true, config: { registration: compiled.pattern, heartbeats, meters } };
}

/**
 * Sorts what a DTU sends: its registration, its heartbeats, and everything else, which belongs to the meters. Packets of
 * the DTU are looked for wherever no whole meter frame stands, never inside one: a reading may well hold the bytes of a
 * heartbeat. A second registration under another id is told, not judged.
 */
export function createTransparentLink({ registration, heartbeats, meters }: CompiledTransparent): TransparentLink {
  let held: Bytes = new Uint8Array(0);
  let registeredId: string | null = null;

  function scan(bytes: Bytes, nothingFollows: boolean): TransparentEvent[] {
    const events: TransparentEvent[] = [];
    let at = 0;
    let plainFrom = 0;
    const closePlain = () => {
      if (at > plainFrom) events.push({ type: "bytes", bytes: bytes.slice(plainFrom, at) });
    };
    while (at < bytes.length) {
      const packet = packetAt(bytes, at);
      if (packet.found !== null && (!packet.open || nothingFollows)) {
        closePlain();
        events.push(eventOf(packet.found, packet.registers, bytes.slice(at, at + packet.found.length)));
        at += packet.found.length;
        plainFrom = at;
        continue;
      }
      // Whether a frame is whole here may be known before the packet is: waiting makes the cuts not matter.
      if (packet.open && !nothingFollows) break;
      const frame = meterFrameAt(bytes, at, meters);
      if (typeof frame === "number") {
        at += frame;
        continue;
      }
      if (frame === "more" && !nothingFollows) break;
      at++;
    }
    closePlain();
    held = bytes.slice(at);
    return events;
  }

  /** The packet of the DTU at `at`: the longest one that is there, and whether a longer one may be coming. */
  function packetAt(bytes: Bytes, at: number): { found: PatternMatch | null; registers: boolean; open: boolean } {
    const first = registration?.match(bytes, at) ?? { found: null, open: false };
    let { found, open } = first;
    let registers = found !== null;
    for (const heartbeat of heartbeats) {
      const match = heartbeat.match(bytes, at);
      open ||= match.open;
      if (match.found === null || (found !== null && match.found.length <= found.length)) continue;
      found = match.found;
      registers = false;
    }
    return { found, registers, open };
  }

  function eventOf(found: PatternMatch, registers: boolean, raw: Bytes): TransparentEvent {
    if (!registers || found.id === null || found.id === registeredId) return { type: "heartbeat", id: found.id, raw };
    registeredId = found.id;
    return { type: "register", id: found.id, raw };
  }

  return {
    push: (chunk) => scan(held.length === 0 ? chunk : concat(held, chunk), false),
    flush: () => scan(held, true),
    pending: () => held.length,
    id: () => registeredId,
  };
}
