import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import { createLinkDeframer, encodeLink, linkAuthMac } from "#protocol/link/jichao.ts";
import { pause } from "#system/clock.ts";
import { nodeCiphers, randomBytesOf } from "#system/crypto.ts";
import { FLEET_KEY, fleetCode } from "./fleet-town.ts";

/** What the parent asks of the fleet's process. */
export type FleetOrder =
  | { kind: "dial"; port: number; concentrators: number; dialPerSecond: number }
  | { kind: "baud"; baud: number };
/** What it answers: how many have been welcomed. */
export type FleetReport = { kind: "online"; concentrators: number };

/** So many dial at once, then the rest of their time is waited. */
const DIALS_AT_ONCE = 20;
const BITS_PER_BYTE = 11;
const REPLY_DELAY_MS = 30;
const WAKE_UP = 4;
/** DATA of an answer, its identifier aside, with 33H added: index, status word 3, and everything else. */
const CONTENTS: Readonly<Record<string, readonly number[]>> = {
  "33333433": [0x33, 0x33, 0x43, 0x33],
  "36383337": [0x33, 0x33],
};
const OTHER = [0x33, 0x33, 0x33, 0x33];

let baud = 2_400;
let online = 0;

process.on("message", (order: FleetOrder) => {
  if (order.kind === "baud") baud = order.baud;
  else void dialAll(order);
});
process.on("disconnect", () => process.exit(0));

async function dialAll(order: Extract<FleetOrder, { kind: "dial" }>): Promise<void> {
  for (let n = 1; n <= order.concentrators; n++) {
    dial(fleetCode(n), order.port);
    if (n % DIALS_AT_ONCE === 0) await pause((DIALS_AT_ONCE * 1_000) / order.dialPerSecond);
  }
}

/** One concentrator: proves itself and answers every question from a prepared frame after the time that its line would take. */
function dial(code: string, port: number): void {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const deframer = createLinkDeframer();
  const nonce = randomBytesOf(16);
  let beat: NodeJS.Timeout | undefined;
  const send = (seq: number, message: Parameters<typeof encodeLink>[0]["message"]) =>
    socket.write(encodeLink({ seq, message }));
  socket.on("connect", () =>
    send(0, { type: "hello", id: code, firmware: "fleet", nonce, protocols: 1, tableVersion: 0 }),
  );
  socket.on("data", (chunk) => {
    for (const { seq, message } of deframer.push(chunk)) {
      if (message.type === "challenge") {
        send(seq, { type: "auth", mac: linkAuthMac(nodeCiphers, FLEET_KEY, "C", code, message.nonce, nonce) });
      } else if (message.type === "welcome") {
        online++;
        process.send?.({ kind: "online", concentrators: online } satisfies FleetReport);
        beat = setInterval(
          () => send(0, { type: "ping", rssi: -70, queue: 0, clockMs: Date.now() }),
          message.heartbeatSeconds * 1_000,
        );
      } else if (message.type === "forward") {
        const content = answerTo(message.content);
        const lineMs = ((message.content.length + content.length) * BITS_PER_BYTE * 1_000) / baud + REPLY_DELAY_MS;
        const startedAt = performance.now();
        setTimeout(() => {
          const elapsedMs = Math.round(performance.now() - startedAt);
          send(seq, { type: "forwarded", status: 0, elapsedMs, content });
        }, lineMs);
      }
    }
  });
  socket.on("error", () => {});
  socket.on("close", () => clearInterval(beat));
}

function answerTo(question: Uint8Array): Uint8Array {
  const at = WAKE_UP;
  const di = question.subarray(at + 10, at + 14);
  const content = CONTENTS[Buffer.from(di).toString("hex")] ?? OTHER;
  const out = new Uint8Array(WAKE_UP + 16 + content.length).fill(0xfe, 0, WAKE_UP);
  out.set(question.subarray(at, at + 8), at);
  out[at + 8] = 0x91;
  out[at + 9] = 4 + content.length;
  out.set(di, at + 10);
  out.set(content, at + 14);
  let sum = 0;
  for (let i = at; i < out.length - 2; i++) sum += out[i] ?? 0;
  out[out.length - 2] = sum;
  out[out.length - 1] = 0x16;
  return out;
}
