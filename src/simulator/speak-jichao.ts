import { randomBytes } from "node:crypto";
import { type Bytes, equalBytes, fromHex } from "#protocol/bytes.ts";
import { createLinkDeframer, encodeLink, type LinkFrame, linkAuthMac } from "#protocol/link/jichao.ts";
import { LINK_CAN_ROUTE, type LinkMessage } from "#protocol/link/messages.ts";
import { nodeCiphers } from "#system/crypto.ts";
import type { Speech, SpeechContext } from "./speech.ts";

const FIRMWARE = "JC-SIM 1.0";
/** Bit 0 of the protocols bitmap: DL/T 645-2007. */
const PROTOCOLS = 1 | LINK_CAN_ROUTE;
const RSSI_DBM = -71;
const STATUS_BAD_PORT = 3;

type Forward = Extract<LinkMessage, { type: "forward" | "forward_via" }>;

/** JCP/1: both sides prove who they are, then questions are carried by port. */
export function speakJichao(context: SpeechContext): Speech {
  const { plan, buses, outlet } = context;
  const key = fromHex(plan.key) ?? new Uint8Array(16);
  const nonceC = randomBytes(16);
  const deframer = createLinkDeframer();
  let nonceS: Bytes | null = null;
  let online = false;
  let seq = 0;

  const interruption = { heartbeat: () => encodeLink({ seq: 0, message: ping() }), inside: false };

  function send(message: LinkMessage, at: number): void {
    outlet.send(encodeLink({ seq: at, message }), interruption);
  }

  function ping(): LinkMessage {
    const queue = [...buses.values()].filter((bus) => bus.isBusy()).length;
    return { type: "ping", rssi: RSSI_DBM, queue, clockMs: context.clockMs() };
  }

  function onFrame({ seq: theirs, message }: LinkFrame): void {
    if (message.type === "bye") context.refuse("the collector said goodbye");
    else if (!online) handshake(theirs, message);
    else if (message.type === "forward" || message.type === "forward_via") forward(theirs, message);
    else if (message.type === "ping") send({ ...message, type: "pong", clockMs: context.clockMs() }, theirs);
  }

  /** Until the collector has proved itself nothing that it asks is done. */
  function handshake(theirs: number, message: LinkMessage): void {
    if (message.type === "challenge" && nonceS === null) {
      nonceS = message.nonce;
      send({ type: "auth", mac: linkAuthMac(nodeCiphers, key, "C", plan.id, nonceS, nonceC) }, theirs);
    } else if (message.type === "welcome" && nonceS !== null) {
      const expected = linkAuthMac(nodeCiphers, key, "S", plan.id, nonceS, nonceC);
      if (equalBytes(expected, message.mac)) {
        online = true;
        context.welcome(Math.max(1, message.heartbeatSeconds) * 1000);
      } else {
        context.refuse("the collector could not prove that it knows the key");
      }
    } else {
      context.refuse(`unexpected ${message.type} before the welcome`);
    }
  }

  function forward(theirs: number, message: Forward): void {
    const bus = buses.get(message.port);
    const via = message.type === "forward_via" ? message.gateway : null;
    if (bus) bus.exchange({ ...message, via }, (result) => send({ type: "forwarded", ...result }, theirs));
    else send({ type: "forwarded", status: STATUS_BAD_PORT, elapsedMs: 0, content: new Uint8Array(0) }, theirs);
  }

  return {
    begin() {
      const hello = { id: plan.id, firmware: FIRMWARE, nonce: nonceC, protocols: PROTOCOLS, tableVersion: 0 };
      outlet.send(encodeLink({ seq, message: { type: "hello", ...hello } }));
    },
    take(chunk) {
      for (const frame of deframer.push(chunk)) onFrame(frame);
      if (deframer.garbage()) context.refuse("the other side does not speak JCP");
    },
    beat() {
      seq = (seq + 1) & 0xffff;
      send(ping(), seq);
    },
    end() {},
  };
}
