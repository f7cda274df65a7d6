import { type Bytes, concat, toHex } from "#protocol/bytes.ts";
import { DETECT_BYTES_MAX, detectLink } from "#protocol/link/detect.ts";
import {
  type CompiledTransparent,
  compileTransparent,
  createTransparentLink,
  TRANSPARENT_HELD_MAX,
  type TransparentConfig,
} from "#protocol/link/transparent.ts";
import { must, same, type Target } from "./must.ts";
import type { Input } from "./mutate.ts";

const DTU: TransparentConfig = {
  registration: { hex: "f800000e00(............)0000000000..00..16" },
  heartbeats: [{ text: "ping" }, { text: "\\$HB\\d*\\r\\n" }],
};
const TEXT_DTU: TransparentConfig = {
  registration: { text: "REG:(\\w{2,20})\\r\\n" },
  heartbeats: [{ text: "\\d{15}" }, { text: "ping" }],
};
/** The same packets in the regular expressions of the language, over hex. */
const PACKETS: readonly RegExp[] = [
  /^f800000e00.{12}0{10}..00..16$/,
  /^70696e67$/,
  /^244842(3\d)*0d0a$/,
  /^5245473a([46][1-9a-f]|[57][0-9a]|3\d|5f){2,20}0d0a$/,
  /^(3\d){15}$/,
];

/** Two plain DTUs: nothing is lost, little is held back, and only what their patterns say is taken for theirs. */
export function transparent(): Target {
  const dtus = [DTU, TEXT_DTU].map(ready);
  function told(config: CompiledTransparent, { bytes, cuts }: Input): number {
    const link = createTransparentLink(config);
    const parts: Bytes[] = [];
    let packets = 0;
    const take = (events: ReturnType<typeof link.push>) => {
      for (const event of events) {
        parts.push(event.type === "bytes" ? event.bytes : event.raw);
        if (event.type === "bytes") continue;
        packets++;
        const hex = toHex(event.raw);
        must(
          PACKETS.some((packet) => packet.test(hex)),
          `took ${hex} for a ${event.type}`,
        );
      }
    };
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      take(link.push(bytes.subarray(from, to)));
      must(link.pending() <= TRANSPARENT_HELD_MAX, `${link.pending()} bytes held back`);
      from = to;
    }
    take(link.flush());
    must(link.pending() === 0 && same(concat(...parts), bytes), "bytes were lost or changed");
    return packets;
  }
  return { name: "dtu", accepts: (input) => dtus.map((dtu) => told(dtu, input)).some((packets) => packets > 0) };
}

function ready(config: TransparentConfig): CompiledTransparent {
  const compiled = compileTransparent(config);
  if (!compiled.ok) throw new Error(`the fuzzer's own DTU: ${compiled.reason}`);
  return compiled.config;
}

/** Recognising a caller never waits for ever. */
export function detection(): Target {
  const patterns = [DTU, TEXT_DTU].map((dtu) => ready(dtu).registration).filter((pattern) => pattern !== null);
  return {
    name: "detect",
    accepts({ bytes, cuts }) {
      const said = detectLink(bytes, patterns);
      must(said !== "need-more" || bytes.length < DETECT_BYTES_MAX, "waits for ever");
      for (const to of cuts.slice(0, 3)) detectLink(bytes.subarray(0, to), patterns);
      return said !== "unknown" && said !== "need-more";
    },
  };
}
