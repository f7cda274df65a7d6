import { createHmac, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

/**
 * A concentrator made from docs/PROTOCOL.md alone: nothing of ours is imported. It carries one meter on port 1, whose answers are
 * given by `meter`; anything else on the bus is silence.
 */

/** What can be wrong with it, each by name. */
export type Wrong = {
  /** Stays with a collector whose WELCOME proves nothing. */
  trusting?: true;
  sameNonce?: true;
  noPing?: true;
  noPong?: true;
  /** Believes every CRC. */
  carelessCrc?: true;
  /** Gives up for good at a byte that it does not expect. */
  noResync?: true;
  twice?: true;
  changesContent?: true;
  everyPort?: true;
  neverBusy?: true;
  /** Sends an answer over whatever connection is there when it comes. */
  lateAnswers?: true;
  ignoresBye?: true;
  wrongKey?: true;
};

const HELLO = 1;
const CHALLENGE = 2;
const AUTH = 3;
const WELCOME = 4;
const BYE = 5;
const PING = 6;
const PONG = 7;
const FORWARD = 0x10;
const FORWARDED = 0x11;

/** Dials until it is closed. */
export function startStranger(options: {
  port: number;
  id: string;
  key: Buffer;
  meter(request: Buffer): Buffer | null;
  wrong?: Wrong;
}): { close(): void } {
  const { id, meter, wrong = {} } = options;
  const key = wrong.wrongKey ? Buffer.alloc(16, 9) : options.key;
  const nonce = randomBytes(16);
  let socket: Socket | null = null;
  let isClosed = false;
  let timers: NodeJS.Timeout[] = [];

  function dial(): void {
    const mine = connect({ host: "127.0.0.1", port: options.port, noDelay: true });
    socket = mine;
    const own = wrong.sameNonce ? nonce : randomBytes(16);
    let held = Buffer.alloc(0);
    let theirs = Buffer.alloc(0);
    let isWelcome = false;
    let isBusy = false;
    mine.on("connect", () => {
      const name = Buffer.from(id);
      const firmware = Buffer.from("X");
      const payload = [
        Buffer.of(name.length),
        name,
        Buffer.of(1),
        firmware,
        Buffer.of(0, 0, 0, 1),
        own,
        Buffer.alloc(4),
      ];
      send(mine, HELLO, 0, Buffer.concat(payload));
    });
    mine.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      for (;;) {
        const found = take(held, wrong);
        if (found === null) return;
        held = held.subarray(found.used);
        if (found.type !== null) hear(found.type, found.seq, found.payload);
      }
    });
    mine.on("error", () => {});
    mine.on("close", () => {
      if (!wrong.lateAnswers) for (const timer of timers) clearTimeout(timer);
      if (!wrong.lateAnswers) timers = [];
      if (!isClosed) setTimeout(dial, 50);
    });

    function hear(type: number, seq: number, payload: Buffer): void {
      if (type === CHALLENGE) {
        theirs = Buffer.from(payload.subarray(0, 16));
        send(mine, AUTH, seq, proof("C"));
      } else if (type === WELCOME) {
        isWelcome = wrong.trusting === true || payload.subarray(0, 16).equals(proof("S"));
        if (!isWelcome) return void mine.destroy();
        const beat = setInterval(ping, payload.readUInt16BE(16) * 1_000);
        mine.on("close", () => clearInterval(beat));
      } else if (type === BYE) {
        if (!wrong.ignoresBye) mine.end();
      } else if (type === PING && !wrong.noPong) {
        send(mine, PONG, seq, payload);
      } else if (type === FORWARD && isWelcome) {
        forward(seq, payload);
      }
    }

    function proof(side: "C" | "S"): Buffer {
      const message = Buffer.concat([Buffer.from(side), Buffer.from(id), theirs, own]);
      return createHmac("sm3", key).update(message).digest().subarray(0, 16);
    }

    function ping(): void {
      const payload = Buffer.alloc(11);
      payload.writeInt8(-70, 0);
      payload.writeBigUInt64BE(BigInt(Date.now()), 3);
      if (!wrong.noPing) send(mine, PING, 7, payload);
    }

    function forward(seq: number, payload: Buffer): void {
      const port = payload[0] ?? 0;
      const timeoutMs = payload.readUInt16BE(2) * 10;
      if (port !== 1 && !wrong.everyPort) return void told(mine, seq, 3);
      if (isBusy && !wrong.neverBusy) return void told(mine, seq, 2);
      const answer = meter(payload.subarray(5));
      if (answer !== null) {
        const content = wrong.changesContent ? Buffer.concat([answer.subarray(0, -2), Buffer.of(0, 0x16)]) : answer;
        told(mine, seq, 0, content);
        if (wrong.twice) told(mine, seq, 0, content);
        return;
      }
      isBusy = true;
      const timer = setTimeout(() => {
        isBusy = false;
        told(wrong.lateAnswers && socket ? socket : mine, seq, 1);
      }, timeoutMs);
      timers.push(timer);
    }
  }

  dial();
  return {
    close() {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
      socket?.destroy();
    },
  };
}

function told(socket: Socket, seq: number, status: number, content: Buffer = Buffer.alloc(0)): void {
  send(socket, FORWARDED, seq, Buffer.concat([Buffer.of(status, 0, 20), content]));
}

function send(socket: Socket, type: number, seq: number, payload: Buffer): void {
  const head = Buffer.from([0x4a, 0x43, 1, type, seq >> 8, seq & 0xff, payload.length >> 8, payload.length & 0xff]);
  const frame = Buffer.concat([head, payload]);
  const crc = crc16(frame.subarray(2));
  if (!socket.destroyed) socket.write(Buffer.concat([frame, Buffer.of(crc >> 8, crc & 0xff)]));
}

type Found = { used: number; type: number | null; seq: number; payload: Buffer };

/** The next frame, or one byte that begins none; null when more bytes are needed. */
function take(held: Buffer, wrong: Wrong): Found | null {
  const nothing = wrong.noResync ? null : { used: 1, type: null, seq: 0, payload: held };
  if (held.length === 0) return null;
  if (held[0] !== 0x4a || (held.length > 1 && held[1] !== 0x43) || (held.length > 2 && held[2] !== 1)) return nothing;
  if (held.length < 8) return null;
  const length = held.readUInt16BE(6);
  if (length > 4096) return nothing;
  if (held.length < 10 + length) return null;
  const isGood = crc16(held.subarray(2, 8 + length)) === held.readUInt16BE(8 + length);
  if (!isGood && !wrong.carelessCrc) return nothing;
  return { used: 10 + length, type: held[3] ?? 0, seq: held.readUInt16BE(4), payload: held.subarray(8, 8 + length) };
}

/** CRC16-CCITT (FALSE). */
function crc16(bytes: Buffer): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}
