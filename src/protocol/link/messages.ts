import { assert } from "#base/errors.ts";
import { asciiBytes, asciiText, type Bytes, ownHex, toHexReversed } from "../bytes.ts";

/** How far a forwarded question came: 0 answered, 1 timeout, 2 bus busy, 3 no such port, 4 garbled, 5 cancelled. */
export type ForwardStatus = 0 | 1 | 2 | 3 | 4 | 5;

/** Signal strength in dBm (−128 … 127), questions waiting, and the concentrator's clock in epoch ms. */
export type Heartbeat = { rssi: number; queue: number; clockMs: number };

/** A message of JCP/1, the open protocol between collector (前置机) and concentrator (集中器). */
export type LinkMessage =
  /** `protocols` is a bitmap of what the concentrator can carry; `nonce` is 16 fresh random bytes. */
  | { type: "hello"; id: string; firmware: string; nonce: Bytes; protocols: number; tableVersion: number }
  | { type: "challenge"; nonce: Bytes; serverTimeMs: number; keyVersion: number }
  | { type: "auth"; mac: Bytes }
  | { type: "welcome"; mac: Bytes; heartbeatSeconds: number }
  | { type: "bye"; reason: number }
  | ({ type: "ping" } & Heartbeat)
  | ({ type: "pong" } & Heartbeat)
  /** Times go out in steps of 10 ms, rounded up: at most 655 350 ms and 2 550 ms. */
  | { type: "forward"; port: number; serial: number; timeoutMs: number; gapMs: number; content: Bytes }
  /** As `forward`, through a gateway meter (网关表) with 12 digits of address to a meter that hangs behind it. */
  | {
      type: "forward_via";
      port: number;
      serial: number;
      timeoutMs: number;
      gapMs: number;
      gateway: string;
      content: Bytes;
    }
  | { type: "forwarded"; status: ForwardStatus; elapsedMs: number; content: Bytes }
  | { type: "error"; code: number }
  /** A type of a later version: carried, not understood. */
  | { type: "unknown"; code: number; payload: Bytes };

/** Type byte of every message of JCP/1. */
export const LINK_TYPE = {
  hello: 0x01,
  challenge: 0x02,
  auth: 0x03,
  welcome: 0x04,
  bye: 0x05,
  ping: 0x06,
  pong: 0x07,
  forward: 0x10,
  forwarded: 0x11,
  forward_via: 0x12,
  error: 0x7f,
} as const;

/** Bit of HELLO's protocols bitmap: the concentrator takes FORWARD VIA. Bit 0 is DL/T 645-2007. */
export const LINK_CAN_ROUTE = 0x10;

const NONCE_LENGTH = 16;
const MAC_LENGTH = 16;
/** Longest id and firmware name of a concentrator. */
const NAME_MAX = 32;
const ADDRESS_LENGTH = 6;
/** Times travel in steps of 10 ms. */
const TICK_MS = 10;
const STATUSES: readonly ForwardStatus[] = [0, 1, 2, 3, 4, 5];

/** A message as type byte and payload. Layouts, numbers high byte first:
 * hello: length 1, id, length 1, firmware, protocols 4, nonce 16, table version 4 · challenge: nonce 16, time 8, key version 1 ·
 * auth: MAC 16 · welcome: MAC 16, heartbeat seconds 2 · bye: reason 1 · ping, pong: RSSI 1 (signed), queue 2, clock 8 ·
 * forward: port 1, serial 1, timeout 2, gap 1, content · forward via: the same with the gateway's address 6, low byte
 * first as on the bus, before the content · forwarded: status 1, elapsed ms 2, content · error: code 1.
 */
export function writePayload(message: LinkMessage): { code: number; payload: Bytes } {
  if (message.type === "unknown") return { code: message.code, payload: message.payload };
  const writer = createWriter();
  switch (message.type) {
    case "hello":
      writer.name(message.id);
      writer.name(message.firmware);
      writer.uint(4, message.protocols);
      writer.bytes(message.nonce, NONCE_LENGTH);
      writer.uint(4, message.tableVersion);
      break;
    case "challenge":
      writer.bytes(message.nonce, NONCE_LENGTH);
      writer.uint(8, message.serverTimeMs);
      writer.uint(1, message.keyVersion);
      break;
    case "auth":
      writer.bytes(message.mac, MAC_LENGTH);
      break;
    case "welcome":
      writer.bytes(message.mac, MAC_LENGTH);
      writer.uint(2, message.heartbeatSeconds);
      break;
    case "bye":
      writer.uint(1, message.reason);
      break;
    case "ping":
    case "pong":
      writer.uint(1, Math.max(-128, Math.min(127, message.rssi)) & 0xff);
      writer.uint(2, Math.min(0xffff, message.queue));
      writer.uint(8, message.clockMs);
      break;
    case "forward":
    case "forward_via":
      writer.uint(1, message.port);
      writer.uint(1, message.serial);
      writer.uint(2, Math.ceil(message.timeoutMs / TICK_MS));
      writer.uint(1, Math.ceil(message.gapMs / TICK_MS));
      if (message.type === "forward_via") writer.bytes(ownHex(message.gateway, ADDRESS_LENGTH).reverse());
      writer.bytes(message.content);
      break;
    case "forwarded":
      writer.uint(1, message.status);
      writer.uint(2, Math.min(0xffff, Math.round(message.elapsedMs)));
      writer.bytes(message.content);
      break;
    case "error":
      writer.uint(1, message.code);
  }
  return { code: LINK_TYPE[message.type], payload: writer.done() };
}

/** The message in a payload; null when the payload does not fit a type that we know. */
export function readPayload(code: number, payload: Bytes): LinkMessage | null {
  const reader = createReader(payload);
  const message = readFields(code, reader, payload);
  return message === null || !reader.complete() ? null : message;
}

function readFields(code: number, reader: Reader, payload: Bytes): LinkMessage | null {
  switch (code) {
    case LINK_TYPE.hello: {
      const [id, firmware] = [reader.name(), reader.name()];
      if (id === null || id === "" || firmware === null) return null;
      const protocols = reader.uint(4);
      const nonce = reader.bytes(NONCE_LENGTH);
      return { type: "hello", id, firmware, protocols, nonce, tableVersion: reader.uint(4) };
    }
    case LINK_TYPE.challenge: {
      const nonce = reader.bytes(NONCE_LENGTH);
      const serverTimeMs = reader.uint(8);
      if (!Number.isSafeInteger(serverTimeMs)) return null;
      return { type: "challenge", nonce, serverTimeMs, keyVersion: reader.uint(1) };
    }
    case LINK_TYPE.auth:
      return { type: "auth", mac: reader.bytes(MAC_LENGTH) };
    case LINK_TYPE.welcome: {
      const mac = reader.bytes(MAC_LENGTH);
      return { type: "welcome", mac, heartbeatSeconds: reader.uint(2) };
    }
    case LINK_TYPE.bye:
      return { type: "bye", reason: reader.uint(1) };
    case LINK_TYPE.ping:
    case LINK_TYPE.pong: {
      const rssi = (reader.uint(1) << 24) >> 24;
      const queue = reader.uint(2);
      const clockMs = reader.uint(8);
      if (!Number.isSafeInteger(clockMs)) return null;
      return { type: code === LINK_TYPE.ping ? "ping" : "pong", rssi, queue, clockMs };
    }
    case LINK_TYPE.forward:
    case LINK_TYPE.forward_via: {
      const [port, serial] = [reader.uint(1), reader.uint(1)];
      const timeoutMs = reader.uint(2) * TICK_MS;
      const gapMs = reader.uint(1) * TICK_MS;
      const how = { port, serial, timeoutMs, gapMs };
      if (code === LINK_TYPE.forward) return { type: "forward", ...how, content: reader.rest() };
      const gateway = toHexReversed(reader.bytes(ADDRESS_LENGTH)).toUpperCase();
      return { type: "forward_via", ...how, gateway, content: reader.rest() };
    }
    case LINK_TYPE.forwarded: {
      const code = reader.uint(1);
      const status = STATUSES.find((each) => each === code);
      if (status === undefined) return null;
      return { type: "forwarded", status, elapsedMs: reader.uint(2), content: reader.rest() };
    }
    case LINK_TYPE.error:
      return { type: "error", code: reader.uint(1) };
    default:
      reader.rest();
      return { type: "unknown", code, payload };
  }
}

type Reader = {
  uint(length: number): number;
  bytes(length: number): Bytes;
  name(): string | null;
  rest(): Bytes;
  /** Everything was there and nothing is left. */
  complete(): boolean;
};

/** Reads fields in order; what lies behind the end is 0 or empty, and `complete` tells at the end. */
function createReader(payload: Bytes): Reader {
  let at = 0;
  const bytes = (length: number) => {
    at += length;
    return payload.slice(at - length, at);
  };
  const uint = (length: number) => bytes(length).reduce((value, byte) => value * 256 + byte, 0);
  return {
    uint,
    bytes,
    name() {
      const length = uint(1);
      return length > NAME_MAX ? null : asciiText(bytes(length));
    },
    rest: () => bytes(Math.max(0, payload.length - at)),
    complete: () => at === payload.length,
  };
}

function createWriter() {
  const out: number[] = [];
  const uint = (length: number, value: number) => {
    assert(Number.isSafeInteger(value) && value >= 0 && value < 256 ** length, `${value} does not fit ${length} bytes`);
    for (let i = length - 1; i >= 0; i--) out.push(Math.floor(value / 256 ** i) % 256);
  };
  const bytes = (value: Bytes, length = value.length) => {
    assert(value.length === length, `${length} bytes expected, got ${value.length}`);
    for (const byte of value) out.push(byte);
  };
  return {
    uint,
    bytes,
    name(text: string) {
      assert(text.length <= NAME_MAX, `longer than ${NAME_MAX} characters: ${text}`);
      uint(1, text.length);
      bytes(asciiBytes(text));
    },
    done: () => Uint8Array.from(out),
  };
}
