import { afterEach, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { type Bytes, concat, toHex } from "#protocol/bytes.ts";
import { encodeRead, encodeReadReply, expects } from "#protocol/dlt645/commands.ts";
import { encodeFrame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { compileTransparent } from "#protocol/link/transparent.ts";
import { pause } from "#system/clock.ts";
import { silentLog } from "#system/log.ts";
import type { ForwardRequest } from "./session.ts";
import { connectedPair, type ScriptedDevice } from "./test-device.ts";
import { createTransparentSession, type TransparentSession } from "./transparent-session.ts";

const CODE = "DTU00001";
const METER = "202600100145";
const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, "latin1"));
const compiled = compileTransparent({
  registration: { text: "REG:(\\w{8})\\r\\n" },
  heartbeats: [{ text: "ping" }, { hex: "fe01fe01" }],
});
if (!compiled.ok) throw new Error(compiled.reason);
const dtu = compiled.config;

const frame = encodeRead(METER, di.energyTotal);
const asked = encodeFrame645(frame, 4);
const answer = (wh: number, address = METER) =>
  encodeFrame645(encodeReadReply(address, { item: "energyTotal", wh }, di.energyTotal), 2);
const credit = encodeFrame645(encodeReadReply(METER, { item: "energyRemaining", wh: 770 }, di.energyRemaining));
const question: ForwardRequest = {
  bus: 1,
  serial: 0x6b,
  content: asked,
  timeoutMs: 2_000,
  gapMs: 60,
  wire: "dlt645",
  isWhole: (heard) => framesIn645(heard).some((each) => expects(frame, each)),
};
const isAsked = (bytes: Bytes) => bytes.length >= asked.length;

let session: TransparentSession | undefined;
afterEach(() => session?.close("closing"));

async function inSession(change: { linkAllowanceMs?: number; silenceMs?: number } = {}) {
  const { socket, device } = await connectedPair();
  const made = createTransparentSession(socket, {
    code: CODE,
    dtu,
    silenceMs: change.silenceMs ?? 60_000,
    linkAllowanceMs: change.linkAllowanceMs ?? 2_000,
    clock: () => instant(1_790_000_000_000),
    log: silentLog,
  });
  session = made;
  made.start(bytesOf(`REG:${CODE}\r\n`));
  return { session: made, device };
}

/** Asks, and lets the device speak when it has heard the question. */
async function told(s: TransparentSession, device: ScriptedDevice, speak: () => void, change = {}) {
  const outcome = s.forward({ ...question, ...change });
  expect(toHex(await device.heard(isAsked))).toBe(toHex(asked));
  speak();
  return outcome;
}

/** The readings in what an exchange brought. */
const indexes = (outcome: Awaited<ReturnType<TransparentSession["forward"]>>) =>
  outcome.kind === "answered" ? framesIn645(outcome.content).filter((each) => expects(frame, each)).length : outcome;

describe("a session of a plain DTU", () => {
  test("sends the meter's bytes as they are, and ends with the answer to them", async () => {
    const { session, device } = await inSession();
    expect(await told(session, device, () => device.send(answer(1_230)))).toEqual({
      kind: "answered",
      content: answer(1_230),
    });
  });

  test("takes an answer that comes byte by byte", async () => {
    const { session, device } = await inSession();
    const trickle = () => {
      for (const byte of answer(1_230)) device.send(Uint8Array.of(byte));
    };
    expect(indexes(await told(session, device, trickle))).toBe(1);
  });

  test("swallows a heartbeat before, behind and at every place inside an answer", async () => {
    const { session, device } = await inSession();
    const whole = answer(1_230);
    for (let at = 0; at <= whole.length; at++) {
      const spoken = concat(whole.subarray(0, at), bytesOf("ping"), whole.subarray(at));
      expect(indexes(await told(session, device, () => device.send(spoken))), `at ${at}`).toBe(1);
    }
  });

  test("takes a heartbeat in two pieces around an answer for what it is", async () => {
    const { session, device } = await inSession();
    device.send(Uint8Array.of(0xfe, 0x01));
    const spoken = concat(Uint8Array.of(0xfe, 0x01), answer(1_230), bytesOf("pi"));
    expect(indexes(await told(session, device, () => device.send(spoken)))).toBe(1);
    expect(indexes(await told(session, device, () => device.send(bytesOf("ng"), answer(1_240))))).toBe(1);
  });

  test("passes over answers to older questions and of other meters, and takes its own", async () => {
    const { session, device } = await inSession();
    const spoken = concat(answer(990, "202600100246"), credit, answer(1_230));
    const outcome = await told(session, device, () => device.send(spoken));
    expect(indexes(outcome)).toBe(1);
    expect(outcome).toMatchObject({ kind: "answered", content: spoken });
  });

  test("drops what comes when nothing has been asked, and counts it", async () => {
    const { session, device } = await inSession();
    device.send(answer(1_111));
    await expect.poll(() => session.lateAnswers).toBe(1);
    expect(await told(session, device, () => device.send(answer(1_230)))).toEqual({
      kind: "answered",
      content: answer(1_230),
    });
  });

  test("is silent in the end, and hands over what it heard instead of an answer", async () => {
    const { session, device } = await inSession({ linkAllowanceMs: 20 });
    const short = { timeoutMs: 60 };
    expect(await told(session, device, () => {}, short)).toEqual({ kind: "silent", why: "timeout" });
    expect(await told(session, device, () => device.send(credit), short)).toEqual({
      kind: "answered",
      content: credit,
    });
    const half = answer(1_230).slice(0, 9);
    expect(await told(session, device, () => device.send(half), short)).toEqual({ kind: "answered", content: half });
    // The other half comes too late, and is no part of the next answer.
    device.send(answer(1_230).slice(9));
    await expect.poll(() => session.lateAnswers).toBeGreaterThan(0);
    expect(indexes(await told(session, device, () => device.send(answer(1_240))))).toBe(1);
  });

  test("without a word about whole answers ends at the first whole frame of the wire", async () => {
    const { session, device } = await inSession();
    const { isWhole: _, ...plain } = question;
    const outcome = session.forward(plain);
    await device.heard(isAsked);
    device.send(Uint8Array.of(0x68, 0x68, 0x00), credit);
    expect(await outcome).toMatchObject({ kind: "answered" });
  });

  test("has one question at a time, because bytes carry no port", async () => {
    const { session, device } = await inSession();
    const first = session.forward(question);
    expect(await session.forward({ ...question, bus: 2 })).toEqual({ kind: "silent", why: "busy" });
    await device.heard(isAsked);
    device.send(answer(1));
    expect(indexes(await first)).toBe(1);
  });

  test("takes a repeated registration for a heartbeat, and one under another code for a fraud", async () => {
    const { session, device } = await inSession();
    const spoken = concat(bytesOf(`REG:${CODE}\r\n`), answer(1_230));
    expect(indexes(await told(session, device, () => device.send(spoken)))).toBe(1);
    const pending = session.forward(question);
    device.send(bytesOf("REG:DTU00002\r\n"));
    expect(await session.ended).toBe("misbehaved");
    expect(await pending).toEqual({ kind: "closed" });
  });

  test("tells the question that waits when the DTU hangs up", async () => {
    const { session, device } = await inSession();
    const pending = session.forward(question);
    await device.heard(isAsked);
    device.hangUp();
    expect(await pending).toEqual({ kind: "closed" });
    expect(await session.ended).toBe("hung_up");
    expect(await session.forward(question)).toEqual({ kind: "closed" });
  });

  test("lives by heartbeats and ends without them", async () => {
    const { session, device } = await inSession({ silenceMs: 1_000 });
    const beating = setInterval(() => device.send(bytesOf("ping")), 100);
    const ended = await Promise.race([session.ended, pause(2_500).then(() => "alive")]);
    clearInterval(beating);
    expect(ended).toBe("alive");
    expect(await session.ended).toBe("silent");
    await device.closed;
  });

  test.each([
    ["bytes", new Uint8Array(70_000)],
    ["heartbeats", bytesOf("ping".repeat(300))],
  ])("is hung up on when it floods with %s", async (_, flood) => {
    const { session, device } = await inSession();
    device.send(flood);
    expect(await session.ended).toBe("misbehaved");
  });
});
