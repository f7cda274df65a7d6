import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Bytes, concat, toHex } from "#protocol/bytes.ts";
import { encodeReadVolume188 } from "#protocol/cjt188/commands.ts";
import { encodeFrame188 } from "#protocol/cjt188/frame.ts";
import { encodeRead } from "#protocol/dlt645/commands.ts";
import { encodeFrame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { createDeframer1376, encodeFrame1376, type Frame1376 } from "#protocol/gw1376/frame.ts";
import { encodeConfirm, encodeForward, readMessage, terminalFromName } from "#protocol/gw1376/messages.ts";
import { freePort } from "../../test/free-port.ts";
import type { LineRates } from "./faults.ts";
import { mixedTownPlan } from "./mixed-town.ts";
import type { MeterPlan, TownPlan } from "./plan.ts";
import { scriptedCollector } from "./scripted-collector.ts";
import { createTown, type Town } from "./town.ts";

const TERMINAL = "510100901";
const DTU = "DTU00902";
const LISTENING = "DTU00903";

let town: Town;
let plan: TownPlan;
let ends: (() => unknown)[] = [];

beforeEach(async () => {
  plan = mixedTownPlan({ seed: 4, concentrators: 1, metersPer: 1, listenPort: await freePort(), heartbeatMs: 50 });
  town = createTown({ plan, speed: 1, bus: { baud: "instant", replyDelayMs: 0 } });
});
afterEach(async () => {
  await town.close();
  for (const end of ends) end();
  ends = [];
});

const meterOf = (concentrator: string): MeterPlan => plan.meters.find((each) => each.concentrator === concentrator)!;
const read = (address: string): Bytes => encodeFrame645(encodeRead(address, di.energyTotal), 4);

const readVolume = (address: string): Bytes =>
  encodeFrame188(encodeReadVolume188({ address, meterType: 0x10, order: "low-first", ser: 1 }), 3);

/** The other end: everything that a connection has brought, and what to say. */
type Heard = { text(): string; bytes(): Bytes; say(bytes: Bytes): void; socket: Socket };

function hearing(socket: Socket): Heard {
  let all: Bytes = new Uint8Array(0);
  socket.on("data", (chunk) => {
    all = concat(all, Uint8Array.from(chunk));
  });
  socket.on("error", () => {});
  return {
    text: () => Buffer.from(all).toString("latin1"),
    bytes: () => all,
    say: (bytes) => void socket.write(bytes),
    socket,
  };
}

/** Only the concentrator of that name dials; its connections in order. */
async function door(id: string): Promise<Heard[]> {
  for (const each of plan.concentrators) town.setConcentratorOffline(each.id, each.id !== id);
  const heard: Heard[] = [];
  const server = createServer({ noDelay: true }, (socket) => void heard.push(hearing(socket)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(() => {
    for (const { socket } of heard) socket.destroy();
    server.close();
  });
  town.dial({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  await expect.poll(() => heard.length).toBeGreaterThan(0);
  return heard;
}

const framesOf = ({ bytes }: Heard): Frame1376[] => createDeframer1376().push(bytes());

describe("a plain DTU of the town", () => {
  test("registers, keeps the line by heartbeats, and passes bytes on in both directions", async () => {
    const [line] = await door(DTU);
    await expect.poll(line!.text).toMatch(/^REG:DTU00902\r\n(hb\r\n){2}/);
    const { address } = meterOf(DTU);
    for (const byte of read(address)) line!.say(Uint8Array.of(byte));
    await expect.poll(() => framesIn645(line!.bytes())).toMatchObject([{ address, control: 0x91 }]);
  });

  test.each<[string, Partial<LineRates>, RegExp]>([
    ["a heartbeat in the middle", { interrupt: 1 }, /68[0-9a-f]+68620d0a[0-9a-f]+16/],
    ["single bytes", { split: 1 }, /68[0-9a-f]+16/],
    ["one piece with what follows", { merge: 1 }, /68[0-9a-f]+16/],
  ])("its messages come with %s when the line is like that", async (_, lines, shape) => {
    const [line] = await door(DTU);
    town.setFaults({ lines: { [DTU]: lines } });
    line!.say(read(meterOf(DTU).address));
    await expect.poll(() => toHex(line!.bytes())).toMatch(shape);
  });

  test("breaks off in the middle of a message, and registers again", async () => {
    const lines = await door(DTU);
    await expect.poll(lines[0]!.text).toMatch(/^REG:DTU00902/);
    town.setFaults({ lines: { [DTU]: { flap: 1 } } });
    lines[0]!.say(read(meterOf(DTU).address));
    await expect.poll(() => lines.length).toBeGreaterThan(1);
    expect(framesIn645(lines[0]!.bytes())).toEqual([]);
    town.setFaults({ lines: {} });
    await expect.poll(() => lines.at(-1)!.text()).toContain("REG:DTU00902\r\n");
  });

  test("that listens says nothing of itself but heartbeats, and the newest connection counts", async () => {
    town.dial({ host: "127.0.0.1", port: 1 });
    const link = plan.concentrators.find(({ id }) => id === LISTENING)?.link;
    const dial = async () => {
      const socket = connect({ host: "127.0.0.1", port: link?.listenPort ?? 0 });
      ends.push(() => socket.destroy());
      await once(socket, "connect");
      return hearing(socket);
    };
    const first = await dial();
    await expect.poll(first.text).toMatch(/^(hb\r\n)+$/);
    const closed = once(first.socket, "close");
    const second = await dial();
    await closed;
    const { address } = meterOf(LISTENING);
    second.say(read(address));
    await expect.poll(() => framesIn645(second.bytes())).toMatchObject([{ address, control: 0x91 }]);
    expect(town.snapshot().concentrators.find(({ id }) => id === LISTENING)).toMatchObject({ online: true });
  });
});

describe("a terminal of the town", () => {
  const terminal = terminalFromName(TERMINAL)!;

  test("logs in, is online when that is confirmed, beats, and forwards to its ports only", async () => {
    const [line] = await door(TERMINAL);
    await expect.poll(() => framesOf(line!).map((frame) => readMessage(frame).type)).toEqual(["login"]);
    const forward = { port: 1, serial: 0x6b, timeoutMs: 300, gapMs: 50 };
    const ask = (number: number, change: object = {}) => {
      const content = read(meterOf(TERMINAL).address);
      line!.say(encodeFrame1376(encodeForward(terminal, { ...forward, content, ...change }, { number })));
    };
    ask(1); // nothing is done before the login is confirmed
    line!.say(encodeFrame1376(encodeConfirm(framesOf(line!)[0]!, true)));
    await expect.poll(() => town.snapshot().concentrators.find(({ id }) => id === TERMINAL)?.online).toBe(true);
    ask(2);
    const answers = () => framesOf(line!).filter((frame) => frame.afn === 0x10);
    await expect.poll(() => answers().map((frame) => frame.seq & 15)).toEqual([2]);
    const [first] = answers().map(readMessage);
    expect(first?.type === "forwarded" && framesIn645(first.content)).toMatchObject([{ control: 0x91 }]);
    ask(3, { port: 9 });
    await expect.poll(() => framesOf(line!).map((frame) => readMessage(frame).type)).toContain("denied");
    ask(4, { content: read("202699999999") });
    await expect
      .poll(() => answers().map(readMessage))
      .toContainEqual({
        type: "forwarded",
        port: 1,
        content: new Uint8Array(0),
      });
    expect(framesOf(line!).map((frame) => readMessage(frame).type)).toContain("heartbeat");
  });

  test("is not online when its login is denied, and tries again", async () => {
    const lines = await door(TERMINAL);
    await expect.poll(() => framesOf(lines[0]!).length).toBeGreaterThan(0);
    lines[0]!.say(encodeFrame1376(encodeConfirm(framesOf(lines[0]!)[0]!, false)));
    await expect.poll(() => lines.length).toBeGreaterThan(1);
    expect(town.snapshot().concentrators.find(({ id }) => id === TERMINAL)?.online).toBe(false);
  });
});

describe("a radio meter of the town", () => {
  const behind = () => plan.meters.filter((meter) => meter.gateway !== undefined);

  test("is the way to those behind it: through it they answer, past it they do not hear", () => {
    expect(behind()).toHaveLength(2);
    for (const { address, kind, concentrator, port, gateway } of behind()) {
      const question = kind === "water" ? readVolume(address) : read(address);
      const heard = (via: string | null) => town.hear(concentrator, port, question, via).length;
      expect([heard(gateway!), heard("any"), heard(null), heard("202600100199")], kind).toEqual([1, 1, 0, 0]);
      town.setMeterOffline(gateway!, true);
      expect([heard(gateway!), heard("any")]).toEqual([0, 0]);
      town.setMeterOffline(gateway!, false);
    }
    const [{ gateway, concentrator, port }] = behind() as [MeterPlan];
    expect(town.hear(concentrator, port, read(gateway!))).toHaveLength(1);
    expect(town.hear(concentrator, port, read(gateway!), gateway!)).toHaveLength(0);
  });

  test("is reached over JCP/1 by FORWARD VIA", async () => {
    const server = await scriptedCollector(plan);
    ends.push(() => server.close());
    for (const each of plan.concentrators) town.setConcentratorOffline(each.id, each.link !== undefined);
    town.dial({ host: "127.0.0.1", port: server.port });
    const link = await server.link();
    const [{ address, gateway, port }] = behind() as [MeterPlan];
    const routed = await link.forward(read(address), { port, gateway: gateway! });
    expect(framesIn645(routed.content)).toMatchObject([{ address, control: 0x91 }]);
    expect(await link.forward(read(address), { port, timeoutMs: 40 })).toMatchObject({ status: 1 });
  });
});
