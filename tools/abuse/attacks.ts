import type { Socket } from "node:net";
import { encodeLink } from "#protocol/link/jichao.ts";
import { pause } from "#system/clock.ts";
import type { AttackName } from "./attack-names.ts";
import { type Caller, dial, register } from "./caller.ts";
import type { Field } from "./field.ts";
import type { SmallDisk } from "./small-disk.ts";

/** How large an attack is. */
export type Size = { sockets: number; never: number; storm: number; storms: number; seconds: number };

/** What an attack adds to the figures; `ok` is its own verdict, `null` that it could not be run here. */
export type Outcome = { ok: boolean | null; note: string };

/** One way to do harm: runs for `size.seconds`, and leaves nothing behind. */
export type Attack = (field: Field, size: Size) => Promise<Outcome>;

const fine: Outcome = { ok: true, note: "" };
const HOUR_MS = 3_600_000;

/** All of them by name. */
export const attacks: Readonly<Record<AttackName, Attack>> = {
  /** A byte now and then: the hall of strangers must empty itself. */
  slowloris: (field, size) => crowd(field, size.sockets, size.seconds, (socket) => void socket.write("J"), 10_000),
  silent: (field, size) => crowd(field, size.sockets, size.seconds, () => {}),
  /** Ask to be let in and never read the answer. */
  "never-reading": (field, size) =>
    crowd(field, size.never, size.seconds, (socket) => {
      socket.pause();
      const { id = "" } = field.keys[0] ?? {};
      const nonce = new Uint8Array(16);
      socket.write(
        encodeLink({ seq: 1, message: { type: "hello", id, firmware: "", nonce, protocols: 1, tableVersion: 0 } }),
      );
    }),
  "reconnect-storm": storm,
  flapping,
  "id-collision": collision,
  replay,
  "bad-line": badLine,
  "older-and-other-answers": liars,
  "database-gone": databaseGone,
  "database-disk-full": databaseDiskFull,
  "capture-disk-full": (field, size) => diskFull(field.captureDisk, size, "the disk of the raw frames"),
  "clock-jumps": clockJumps,
};

/** Keeps so many sockets knocking: who is thrown out knocks again after a second. */
async function crowd(
  field: Field,
  sockets: number,
  seconds: number,
  act: (socket: Socket) => void,
  everyMs = 0,
): Promise<Outcome> {
  const open = new Set<Socket>();
  let isOver = false;
  let thrownOut = 0;
  const knock = (i: number) => {
    const socket = dial(field.port, i);
    open.add(socket);
    socket.on("connect", () => act(socket));
    const again = everyMs > 0 ? setInterval(() => socket.writable && act(socket), everyMs) : undefined;
    socket.on("close", () => {
      clearInterval(again);
      open.delete(socket);
      thrownOut++;
      if (!isOver) setTimeout(() => !isOver && knock(i), 1_000);
    });
  };
  for (let i = 0; i < sockets; i++) {
    knock(i);
    if (i % 200 === 199) await pause(20);
  }
  await pause(seconds * 1_000);
  isOver = true;
  for (const socket of open) socket.destroy();
  return { ok: true, note: `${thrownOut} connections were thrown out` };
}

/** All drop and come back within a second, again and again: each time all have to be in within a minute. */
async function storm(field: Field, size: Size): Promise<Outcome> {
  const who = field.keys.slice(0, size.storm);
  let slowestMs = 0;
  for (let round = 0; round < size.storms; round++) {
    const began = performance.now();
    const inside = new Map<number, Caller>();
    const tries = who.map(async (each, i) => {
      for (let pauseMs = 100; performance.now() - began < 60_000; pauseMs = Math.min(pauseMs * 2, 5_000)) {
        const caller = register(field.port, i, each);
        while (caller.welcomedAt() === null && !caller.socket.destroyed) await pause(20);
        if (caller.welcomedAt() !== null) {
          inside.set(i, caller);
          return;
        }
        await pause(pauseMs * (0.5 + ((i * 37) % 50) / 100));
      }
    });
    await Promise.all(tries);
    if (inside.size < who.length) return { ok: false, note: `${inside.size} of ${who.length} were in after a minute` };
    slowestMs = Math.max(slowestMs, performance.now() - began);
    for (const caller of inside.values()) caller.hangUp();
  }
  return { ok: true, note: `${who.length} × ${size.storms}: all in within ${(slowestMs / 1_000).toFixed(1)} s` };
}

async function flapping(field: Field, size: Size): Promise<Outcome> {
  const who = field.keys[0];
  if (!who) return fine;
  let times = 0;
  for (const end = performance.now() + size.seconds * 1_000; performance.now() < end; times++) {
    const caller = register(field.port, 1, who);
    await pause(200);
    caller.hangUp();
  }
  return { ok: true, note: `${times} times` };
}

/** Two devices with one code and its key, each at once back when the other has thrown it out: one inside at any time. */
async function collision(field: Field, size: Size): Promise<Outcome> {
  const who = field.keys[1];
  if (!who) return fine;
  let isOver = false;
  let turns = 0;
  const fight = async (i: number) => {
    while (!isOver) {
      const caller = register(field.port, i, who);
      while (!caller.socket.destroyed && !isOver) {
        await pause(20);
      }
      if (caller.welcomedAt() !== null) turns++;
      caller.hangUp();
      await pause(50);
    }
  };
  const fights = [fight(1), fight(2)];
  await pause(size.seconds * 1_000);
  isOver = true;
  await Promise.all(fights);
  // For a moment both may believe it, until the goodbye has reached the older one.
  return { ok: turns > 0, note: `${turns} turns` };
}

/** What a good registration said is said again, word for word: it must open nothing. */
async function replay(field: Field, size: Size): Promise<Outcome> {
  const who = field.keys[0];
  if (!who) return fine;
  const first = register(field.port, 1, who);
  while (first.welcomedAt() === null && !first.socket.destroyed) await pause(20);
  const said = first.said.slice(0, 2);
  first.hangUp();
  let welcomed = 0;
  let tries = 0;
  for (const end = performance.now() + size.seconds * 1_000; performance.now() < end; tries++) {
    const socket = dial(field.port, tries);
    let heard = 0;
    socket.on("data", (chunk) => {
      // Type byte of WELCOME, and anything that only a session would be sent.
      if (chunk[3] === 4 || (chunk[3] ?? 0) >= 0x10) welcomed++;
      heard += chunk.length;
    });
    for (const bytes of said) if (socket.writable) socket.write(bytes);
    await Promise.race([new Promise((resolve) => socket.once("close", resolve)), pause(500)]);
    socket.destroy();
    if (heard > 200) welcomed++;
  }
  return { ok: welcomed === 0, note: `${tries} replays, ${welcomed} opened` };
}

/** The good concentrators themselves on the worst line there is. */
async function badLine(field: Field, size: Size): Promise<Outcome> {
  const lines = Object.fromEntries(
    [...field.goodIds].map((id) => [id, { split: 0.2, merge: 0.3, interrupt: 0.1, flap: 0.002 }]),
  );
  const everywhere = { corrupt: 0.1, duplicate: 0.1, lateAnswer: 0.1, lateMs: 1_500, loseAnswer: 0.05 };
  field.town.setFaults({ everywhere, lines });
  await pause(size.seconds * 1_000);
  field.town.setFaults({ everywhere: {}, lines: Object.fromEntries([...field.goodIds].map((id) => [id, {}])) });
  return { ok: true, note: "10 % corrupt, 10 % doubled, 10 % late, 5 % lost" };
}

/**
 * Good concentrators are thrown out by others with their key, which answer every question with the answer to the question before, or
 * of the meter beside: only what the right meter says to the right question may be stored.
 */
async function liars(field: Field, size: Size): Promise<Outcome> {
  const codes = [...field.goodIds].slice(0, 5);
  let lies = 0;
  const callers = codes.map((id, i) => {
    const { key = "" } = field.plan.concentrators.find((each) => each.id === id) ?? {};
    field.town.setConcentratorOffline(id, true);
    let before: Uint8Array | null = null;
    return register(field.port, i, { id, key: Uint8Array.from(Buffer.from(key, "hex")) }, ({ port, content }) => {
      const own = field.town.hear(id, port, content)[0]?.bytes ?? null;
      const other = otherMeter(field, id, content);
      const told = lies++ % 2 === 0 ? before : (other && field.town.hear(id, port, other)[0]?.bytes) || before;
      before = own;
      return told;
    });
  });
  await pause(size.seconds * 1_000);
  for (const caller of callers) caller.hangUp();
  for (const id of codes) field.town.setConcentratorOffline(id, false);
  return { ok: lies > 0, note: `${lies} lies` };
}

/** The same question to the other meter of the concentrator. */
function otherMeter(field: Field, concentrator: string, request: Uint8Array): Uint8Array | null {
  const start = request.indexOf(0x68);
  const addresses = field.plan.meters
    .filter((each) => each.concentrator === concentrator)
    .map(({ address }) => address);
  const asked = Buffer.from(request.subarray(start + 1, start + 7))
    .reverse()
    .toString("hex");
  const other = addresses.find((address) => address !== asked);
  if (start < 0 || other === undefined || request[start + 7] !== 0x68) return null;
  const changed = Uint8Array.from(request);
  changed.set(Buffer.from(other, "hex").reverse(), start + 1);
  const end = changed.length - 2;
  changed[end] = changed.subarray(start, end).reduce((sum, byte) => (sum + byte) & 0xff, 0);
  return changed;
}

async function databaseGone(field: Field, size: Size): Promise<Outcome> {
  if (field.cut === null) return { ok: null, note: "not run: an embedded database cannot be taken away" };
  field.cut.cut();
  await pause(size.seconds * 1_000);
  field.cut.mend();
  return { ok: true, note: "every connection cut, and new ones refused" };
}

async function diskFull(disk: SmallDisk | null, size: Size, note: string): Promise<Outcome> {
  if (disk === null) return { ok: null, note: "not run: no file system may be mounted here" };
  disk.fill();
  await pause(size.seconds * 1_000);
  disk.free();
  return { ok: true, note };
}

/** The disk of the database and of the collector's own data, to the last block: for a while there is room in files that are there. */
async function databaseDiskFull(field: Field, size: Size): Promise<Outcome> {
  const from = field.told.length;
  const { ok, note } = await diskFull(field.databaseDisk, size, "");
  const waited = Math.max(0, ...field.told.slice(from).map(({ readingsWaiting }) => readingsWaiting));
  return { ok, note: note || `up to ${waited} reports waited for room` };
}

async function clockJumps(field: Field, size: Size): Promise<Outcome> {
  const jumps = [1_000, -1_000, 2 * HOUR_MS, -2 * HOUR_MS, -Date.now() + 1_000, 365 * 24 * HOUR_MS * 10, 0];
  for (const skewMs of jumps) {
    field.child.send({ skewMs });
    await pause((size.seconds * 1_000) / jumps.length);
  }
  return { ok: true, note: "±1 s, ±2 h, to 1970, ten years on, and back" };
}
