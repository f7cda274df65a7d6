import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { toHex } from "#protocol/bytes.ts";
import { createLinkDeframer, encodeLink } from "#protocol/link/jichao.ts";
import { pause } from "#system/clock.ts";
import { silentLog } from "#system/log.ts";
import { BYE, createJichaoSession, type JichaoSession } from "./jichao-session.ts";
import { type ScriptedConcentrator, scripted } from "./test-concentrator.ts";

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

async function inSession(
  options: { heartbeatSeconds?: number; linkAllowanceMs?: number; protocols?: number } = {},
): Promise<{ session: JichaoSession; concentrator: ScriptedConcentrator }> {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const connected = once(server, "connection");
  const concentrator = await scripted((server.address() as AddressInfo).port);
  const [socket] = await connected;
  const session = createJichaoSession(socket, {
    code: "JC000001",
    deframer: createLinkDeframer(),
    protocols: options.protocols ?? 1,
    heartbeatSeconds: options.heartbeatSeconds ?? 30,
    linkAllowanceMs: options.linkAllowanceMs ?? 2_000,
    clock: () => instant(1_790_000_000_000),
    log: silentLog,
  });
  return { session, concentrator };
}

const question = { bus: 1, serial: 0x6b, content: Uint8Array.of(0x68, 1, 2), timeoutMs: 100, gapMs: 500 };
const content = Uint8Array.of(9, 8, 7);

describe("a session of JCP/1", () => {
  test("forwards bytes with their serial setting and takes the answer with their number", async () => {
    const { session, concentrator } = await inSession();
    const outcome = session.forward(question);
    const asked = await concentrator.expect("forward");
    expect(asked.message).toMatchObject({ port: 1, serial: 0x6b, timeoutMs: 100, gapMs: 500 });
    expect(toHex(asked.message.content)).toBe("680102");
    concentrator.send({ type: "forwarded", status: 0, elapsedMs: 5, content }, asked.seq);
    expect(await outcome).toEqual({ kind: "answered", content, elapsedMs: 5 });
    session.close("closing");
  });

  test("names the gateway of a routed meter to a concentrator that can route, and sends others the frame alone", async () => {
    const routed = { ...question, via: "202600100199" };
    const able = await inSession({ protocols: 0x11 });
    void able.session.forward(routed);
    const { message } = await able.concentrator.expect("forward_via");
    expect(message).toMatchObject({ port: 1, serial: 0x6b, gateway: "202600100199" });
    expect(toHex(message.content)).toBe("680102");
    able.session.close("closing");
    server?.close();
    const unable = await inSession({ protocols: 1 });
    void unable.session.forward(routed);
    expect(toHex((await unable.concentrator.expect("forward")).message.content)).toBe("680102");
    unable.session.close("closing");
  });

  test.each([
    [1, "timeout"],
    [2, "busy"],
    [3, "bad_port"],
    [4, "corrupt"],
    [5, "cancelled"],
  ] as const)("status %i is silence: %s", async (status, why) => {
    const { session, concentrator } = await inSession();
    const outcome = session.forward(question);
    const { seq } = await concentrator.expect("forward");
    concentrator.send({ type: "forwarded", status, elapsedMs: 5, content: new Uint8Array() }, seq);
    expect(await outcome).toEqual({ kind: "silent", why });
    session.close("closing");
  });

  test("an answer without bytes is silence", async () => {
    const { session, concentrator } = await inSession();
    const outcome = session.forward(question);
    const { seq } = await concentrator.expect("forward");
    concentrator.send({ type: "forwarded", status: 0, elapsedMs: 5, content: new Uint8Array() }, seq);
    expect(await outcome).toEqual({ kind: "silent", why: "timeout" });
    session.close("closing");
  });

  test("never matches the late answer of one question to the next", async () => {
    const { session, concentrator } = await inSession({ linkAllowanceMs: 20 });
    const first = session.forward({ ...question, timeoutMs: 10 });
    const late = await concentrator.expect("forward");
    expect(await first).toEqual({ kind: "silent", why: "link" });
    const second = session.forward({ ...question, timeoutMs: 1_000 });
    const { seq } = await concentrator.expect("forward");
    concentrator.send({ type: "forwarded", status: 0, elapsedMs: 0, content: Uint8Array.of(0xba, 0xd0) }, late.seq);
    concentrator.send({ type: "forwarded", status: 0, elapsedMs: 0, content }, seq);
    expect(await second).toEqual({ kind: "answered", content, elapsedMs: 0 });
    expect(session.lateAnswers).toBe(1);
    session.close("closing");
  });

  test("asks several buses at once and refuses two questions on one", async () => {
    const { session, concentrator } = await inSession();
    const one = session.forward(question);
    const two = session.forward({ ...question, bus: 2 });
    expect(() => session.forward(question)).toThrow("outstanding");
    const first = await concentrator.expect("forward");
    const second = await concentrator.expect("forward");
    concentrator.send({ type: "forwarded", status: 0, elapsedMs: 0, content: Uint8Array.of(2) }, second.seq);
    concentrator.send({ type: "forwarded", status: 0, elapsedMs: 0, content: Uint8Array.of(1) }, first.seq);
    expect(await one).toMatchObject({ content: Uint8Array.of(1) });
    expect(await two).toMatchObject({ content: Uint8Array.of(2) });
    session.close("closing");
  });

  test("finds frames between garbage", async () => {
    const { session, concentrator } = await inSession();
    const outcome = session.forward(question);
    const { seq } = await concentrator.expect("forward");
    const answer = encodeLink({ seq, message: { type: "forwarded", status: 0, elapsedMs: 0, content } });
    const torn = answer.slice(0, 9);
    concentrator.socket.write(Buffer.concat([Buffer.from("noise 4A 43 JC"), torn, answer, Buffer.from([0x4a])]));
    expect(await outcome).toEqual({ kind: "answered", content, elapsedMs: 0 });
    session.close("closing");
  });

  test("answers heartbeats and remembers the signal", async () => {
    const { session, concentrator } = await inSession();
    concentrator.send({ type: "ping", rssi: -71, queue: 3, clockMs: 5 }, 77);
    const pong = await concentrator.expect("pong");
    expect(pong).toMatchObject({ seq: 77, message: { clockMs: 1_790_000_000_000 } });
    expect(session.rssiDbm).toBe(-71);
    session.close("closing");
  });

  test("is hung up on before the second heartbeat in silence is missed", async () => {
    const { session } = await inSession({ heartbeatSeconds: 0.5 });
    const second = pause(1_000).then(() => "the second heartbeat was missed");
    expect(await Promise.race([session.ended, second])).toBe("silent");
  });

  test("a silent one is told why, and questions that wait end", async () => {
    const { session, concentrator } = await inSession({ heartbeatSeconds: 0.1 });
    const outcome = session.forward({ ...question, timeoutMs: 60_000 });
    expect(await session.ended).toBe("silent");
    expect(await outcome).toEqual({ kind: "closed" });
    expect((await concentrator.expect("bye")).message.reason).toBe(BYE.silent);
  });

  test("tells the questions that wait when the concentrator hangs up", async () => {
    const { session, concentrator } = await inSession();
    const outcome = session.forward(question);
    await concentrator.expect("forward");
    concentrator.hangUp();
    expect(await outcome).toEqual({ kind: "closed" });
    expect(await session.ended).toBe("hung_up");
    expect(await session.forward(question)).toEqual({ kind: "closed" });
  });

  test("says goodbye when it is replaced, and a late answer changes nothing", async () => {
    const { session, concentrator } = await inSession();
    const outcome = session.forward(question);
    const { seq } = await concentrator.expect("forward");
    session.close("replaced");
    concentrator.send({ type: "forwarded", status: 0, elapsedMs: 0, content }, seq);
    expect(await outcome).toEqual({ kind: "closed" });
    expect((await concentrator.expect("bye")).message.reason).toBe(BYE.replaced);
    await concentrator.closed;
  });

  test("is hung up on when it floods", async () => {
    const { session, concentrator } = await inSession();
    const ping = encodeLink({ seq: 1, message: { type: "ping", rssi: -70, queue: 0, clockMs: 0 } });
    concentrator.socket.write(Buffer.concat(Array.from({ length: 300 }, () => ping)));
    expect(await session.ended).toBe("misbehaved");
  });

  test("is hung up on when it sends more bytes than a bus could", async () => {
    const { session, concentrator } = await inSession();
    concentrator.socket.write(Buffer.alloc(70_000));
    expect(await session.ended).toBe("misbehaved");
  });
});
