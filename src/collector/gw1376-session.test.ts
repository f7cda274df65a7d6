import { afterEach, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { type Bytes, concat, fromHex, toHex } from "#protocol/bytes.ts";
import {
  createDeframer1376,
  decodeFrame1376,
  encodeFrame1376,
  type Frame1376,
  SEQ_1376,
} from "#protocol/gw1376/frame.ts";
import {
  encodeConfirm,
  encodeForwarded,
  encodeLinkTest,
  encodeResults,
  readMessage,
  terminalFromName,
} from "#protocol/gw1376/messages.ts";
import { silentLog } from "#system/log.ts";
import { createGw1376Session, type Gw1376Session } from "./gw1376-session.ts";
import { connectedPair } from "./test-device.ts";

const CODE = "020004660"; // the terminal of the captured frames: region 0200, number 4660
const terminal = terminalFromName(CODE) ?? { a1: "", a2: 0 };
const stranger = { ...terminal, a2: 7 };
const content = Uint8Array.of(9, 8, 7);
const question = { bus: 31, serial: 0x6b, content: Uint8Array.of(0x68, 1, 2), timeoutMs: 60_000, gapMs: 100 };

let session: Gw1376Session | undefined;
afterEach(() => session?.close("closing"));

async function inSession(change: { linkAllowanceMs?: number } = {}) {
  const { socket, device } = await connectedPair();
  const made = createGw1376Session(socket, {
    code: CODE,
    terminal,
    deframer: createDeframer1376(),
    silenceMs: 60_000,
    linkAllowanceMs: change.linkAllowanceMs ?? 2_000,
    clock: () => instant(1_790_000_000_000),
    log: silentLog,
  });
  session = made;
  const deframer = createDeframer1376();
  const inbox: Frame1376[] = [];
  /** The next frame that the terminal gets. */
  async function next(): Promise<Frame1376> {
    while (inbox.length === 0) inbox.push(...deframer.push(await device.heard((bytes) => bytes.length > 0)));
    return inbox.shift()!;
  }
  return { session: made, device, next, say: (frame: Frame1376) => device.send(encodeFrame1376(frame)) };
}

function answerTo(request: Frame1376, change: Partial<Frame1376> = {}, port = 31): Bytes {
  return encodeFrame1376({ ...encodeForwarded(request, { port, content }), ...change });
}

describe("a session of a terminal", () => {
  test.each(["login", "heartbeat", "logout"] as const)("confirms a %s with its number", async (what) => {
    const { device, next, session } = await inSession();
    device.send(encodeFrame1376(encodeLinkTest(terminal, what, 5)));
    const confirmed = await next();
    expect(readMessage(confirmed)).toEqual({ type: "confirmed" });
    expect(confirmed).toMatchObject({ ...terminal, control: 0x0b });
    expect(confirmed.seq & SEQ_1376.number).toBe(5);
    if (what === "logout") expect(await session.ended).toBe("hung_up");
    else expect(session.isUp()).toBe(true);
  });

  test("confirms the login that came before there was a session", async () => {
    const { session, next } = await inSession();
    session.start([encodeLinkTest(terminal, "login", 1)]);
    expect(readMessage(await next())).toEqual({ type: "confirmed" });
  });

  test("asks through transparent forwarding with port, rate and times", async () => {
    const { session, device, next } = await inSession();
    const outcome = session.forward(question);
    const asked = await next();
    expect(asked).toMatchObject({ ...terminal, control: 0x4b, afn: 0x10, pw: new Uint8Array(16) });
    expect(readMessage(asked)).toEqual({
      type: "forward",
      port: 31,
      serial: 0x6b,
      timeoutMs: 60_000,
      gapMs: 100,
      content: question.content,
    });
    device.send(answerTo(asked));
    expect(await outcome).toEqual({ kind: "answered", content });
  });

  test("understands the answer of a real terminal, with event counters and a time tag", async () => {
    const { session, device, next } = await inSession();
    const captured = decodeFrame1376(
      fromHex(
        "68ae00ae0068a8000234120410e0000001001f14006861100130121568910833333433ab39333349164f00000650232105ae16",
      )!,
    );
    if (!captured.ok) throw new Error(captured.detail);
    const outcome = session.forward(question);
    const { seq } = await next();
    const frame = { ...captured.frame, seq: (captured.frame.seq & ~SEQ_1376.number) | (seq & SEQ_1376.number) };
    device.send(encodeFrame1376(frame));
    const heard = await outcome;
    expect(heard.kind === "answered" && toHex(heard.content)).toBe("6861100130121568910833333433ab3933334916");
  });

  test("takes an answer byte by byte, and two frames in one piece", async () => {
    const { session, device, next } = await inSession();
    const outcome = session.forward(question);
    const asked = await next();
    for (const byte of answerTo(asked)) device.send(Uint8Array.of(byte));
    expect(await outcome).toMatchObject({ kind: "answered" });
    const second = session.forward(question);
    const again = await next();
    device.send(concat(encodeFrame1376(encodeLinkTest(terminal, "heartbeat", 2)), answerTo(again)));
    expect(await second).toMatchObject({ kind: "answered" });
    expect(readMessage(await next())).toEqual({ type: "confirmed" });
  });

  test("never takes the late answer of an older question, however many questions later", async () => {
    const { session, device, next } = await inSession({ linkAllowanceMs: 10 });
    const late = session.forward({ ...question, timeoutMs: 25_000, bus: 1 });
    const old = await next();
    const lost = session.forward({ ...question, timeoutMs: 2_000 });
    const unanswered = await next();
    expect(await lost).toEqual({ kind: "silent", why: "link" });
    for (let i = 0; i < 40; i++) {
      const outcome = session.forward(question);
      const asked = await next();
      expect(asked.seq & SEQ_1376.number).not.toBe(unanswered.seq & SEQ_1376.number);
      device.send(answerTo(unanswered), answerTo(asked));
      expect(await outcome).toEqual({ kind: "answered", content });
    }
    expect(session.lateAnswers).toBe(40);
    device.send(answerTo(old, {}, 1));
    expect(await late).toEqual({ kind: "answered", content });
  });

  test.each<[string, (request: Frame1376) => Bytes]>([
    ["another port", (request) => answerTo(request, {}, 2)],
    ["another number", (request) => answerTo(request, { seq: (request.seq + 1) & 0x6f })],
    ["another terminal", (request) => answerTo(request, stranger)],
    ["another kind of information", (request) => answerTo(request, { dt: 0x0002 })],
    ["the master's own direction", (request) => encodeFrame1376(request)],
  ])("an answer from %s is not taken", async (_, wrong) => {
    const { session, device, next } = await inSession();
    const outcome = session.forward(question);
    const asked = await next();
    device.send(wrong(asked), answerTo(asked, { data: concat(Uint8Array.of(31, 1, 0), Uint8Array.of(0x55)) }));
    expect(await outcome).toEqual({ kind: "answered", content: Uint8Array.of(0x55) });
  });

  test.each<[string, (request: Frame1376) => Frame1376, object]>([
    ["denies", (request) => encodeConfirm(request, false), { kind: "silent", why: "cancelled" }],
    [
      "reports an error",
      (request) => encodeResults(request, [{ da: 0, dt: 1, error: 1 }]),
      { kind: "silent", why: "cancelled" },
    ],
    [
      "has heard nothing",
      (request) => encodeForwarded(request, { port: 31, content: new Uint8Array(0) }),
      { kind: "silent", why: "timeout" },
    ],
  ])("a terminal that %s makes a silence of it", async (_, answer, expected) => {
    const { session, device, next } = await inSession();
    const outcome = session.forward(question);
    device.send(encodeFrame1376(answer(await next())));
    expect(await outcome).toEqual(expected);
  });

  test("waits on after a confirmation for the answer itself", async () => {
    const { session, device, next } = await inSession();
    const outcome = session.forward(question);
    const asked = await next();
    device.send(encodeFrame1376(encodeConfirm(asked, true)), answerTo(asked));
    expect(await outcome).toEqual({ kind: "answered", content });
  });

  test("asks several ports at once and refuses two questions on one", async () => {
    const { session, device, next } = await inSession();
    const one = session.forward({ ...question, bus: 1 });
    const two = session.forward({ ...question, bus: 2 });
    expect(() => session.forward({ ...question, bus: 1 })).toThrow("outstanding");
    const [first, second] = [await next(), await next()];
    device.send(answerTo(second, {}, 2), answerTo(first, {}, 1));
    expect(await Promise.all([one, two])).toEqual([
      { kind: "answered", content },
      { kind: "answered", content },
    ]);
  });

  test("asks nothing when the numbers of all recent questions may still be answered", async () => {
    const { session } = await inSession({ linkAllowanceMs: 0 });
    const silences: unknown[] = [];
    for (let i = 0; i < 17; i++) silences.push(await session.forward({ ...question, timeoutMs: 30 }));
    expect(silences.slice(0, 5)).toEqual(Array(5).fill({ kind: "silent", why: "link" }));
    const many = await Promise.all(
      Array.from({ length: 17 }, (_, bus) => session.forward({ ...question, bus, timeoutMs: 300 })),
    );
    expect(many.at(-1)).toEqual({ kind: "silent", why: "busy" });
  });

  test("is hung up on when it calls with another address", async () => {
    const { session, say } = await inSession();
    say(encodeLinkTest(stranger, "login", 1));
    expect(await session.ended).toBe("misbehaved");
  });

  test("does not confirm what it does not keep, and finds frames between garbage", async () => {
    const { device, say, next } = await inSession();
    const event = { ...encodeLinkTest(terminal, "login", 3), afn: 0x0e, control: 0xc4 };
    say(event);
    device.send(Uint8Array.of(0x68, 0x00, 0x68, 0x16), encodeFrame1376(encodeLinkTest(terminal, "heartbeat", 4)));
    const confirmed = await next();
    expect(confirmed.seq & SEQ_1376.number).toBe(4);
  });

  test("tells the questions that wait when the terminal hangs up", async () => {
    const { session, device, next } = await inSession();
    const outcome = session.forward(question);
    await next();
    device.hangUp();
    expect(await outcome).toEqual({ kind: "closed" });
    expect(await session.ended).toBe("hung_up");
  });
});
