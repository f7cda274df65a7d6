import { type Bytes, concat } from "#protocol/bytes.ts";
import { type MeterWire, meterFrameAt } from "#protocol/link/meter-frame.ts";
import { lineMs } from "./bus.ts";
import type { LinkPlan } from "./plan.ts";
import type { Speech, SpeechContext } from "./speech.ts";

const WIRES: readonly MeterWire[] = ["dlt645", "cjt188"];
/** After so long without a byte a DTU sends what it has, whatever it is. */
const PACKET_GAP_MS = 50;
const NOTHING: Bytes = new Uint8Array(0);

/** A plain DTU: says who it is, and passes everything else on, in both directions, whenever it comes. */
export function speakTransparent(context: SpeechContext, link: Extract<LinkPlan, { kind: "transparent" }>): Speech {
  const { buses, hear, outlet, timing, isDialled } = context;
  const [port = 1] = buses.keys();
  const heartbeat = link.heartbeat === null ? null : latin1(link.heartbeat);
  const sounding = new Set<NodeJS.Timeout>();
  let request = NOTHING;
  let gap: NodeJS.Timeout | undefined;

  /** The wire takes its time; nobody waits for anything, so nothing is ever too late to be passed on. */
  function play(content: Bytes): void {
    after(lineMs(content.length, timing.baud), () => {
      for (const { bytes, lateMs } of hear(port, content, "any")) {
        const delayMs = timing.baud === "instant" ? 0 : timing.replyDelayMs;
        after(delayMs + lateMs + lineMs(bytes.length, timing.baud), () => {
          outlet.send(bytes, heartbeat ? { heartbeat: () => heartbeat, inside: true } : undefined);
        });
      }
    });
  }

  function after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      sounding.delete(timer);
      act();
    }, ms);
    sounding.add(timer);
  }

  function pass(): void {
    clearTimeout(gap);
    const content = request;
    request = NOTHING;
    if (content.length > 0) play(content);
  }

  return {
    begin() {
      if (link.registration !== null && !isDialled) outlet.send(latin1(link.registration));
      context.welcome(link.heartbeatMs);
    },
    take(chunk) {
      request = concat(request, chunk);
      clearTimeout(gap);
      if (endsWithFrame(request)) pass();
      else gap = setTimeout(pass, PACKET_GAP_MS);
    },
    beat() {
      if (heartbeat) outlet.send(heartbeat);
    },
    end() {
      clearTimeout(gap);
      for (const timer of sounding) clearTimeout(timer);
    },
  };
}

function endsWithFrame(bytes: Bytes): boolean {
  return bytes.some((_, at) => meterFrameAt(bytes, at, WIRES) === bytes.length - at);
}

function latin1(text: string): Bytes {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}
