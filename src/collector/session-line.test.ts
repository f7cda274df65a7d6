import { afterEach, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { silentLog } from "#system/log.ts";
import { createSessionLine, type SessionLine } from "./session-line.ts";
import { connectedPair, type ScriptedDevice } from "./test-device.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function line(): Promise<{ line: SessionLine; device: ScriptedDevice; heard(): number }> {
  const { socket, device } = await connectedPair();
  let heard = 0;
  const made: SessionLine = createSessionLine(socket, {
    code: "JC1",
    silenceMs: 60_000,
    clock: () => instant(1_790_000_000_000),
    log: silentLog,
    receive: (bytes) => {
      heard += bytes.length;
    },
    giveUp: (why) => made.finish(why),
    end() {},
  });
  ends.push(
    () => made.finish("closing"),
    () => device.hangUp(),
  );
  return { line: made, device, heard: () => heard };
}

describe("the line of a session", () => {
  test("takes what a busy bus says in a second", async () => {
    const { line: made, device, heard } = await line();
    device.send(new Uint8Array(60 * 1024));
    await expect.poll(heard).toBe(60 * 1024);
    made.countFrames(200);
    expect(made.isUp()).toBe(true);
  });

  test("ends when more bytes come in a second than a bus could say", async () => {
    const { line: made, device } = await line();
    device.send(new Uint8Array(200 * 1024));
    expect(await made.ended).toBe("misbehaved");
  });

  test("ends when more frames come in a second than a bus could say", async () => {
    const { line: made } = await line();
    made.countFrames(201);
    expect(await made.ended).toBe("misbehaved");
  });

  test("a peer that never reads is hung up on before what it owes us fills the memory", async () => {
    const { line: made, device } = await line();
    device.socket.pause();
    const chunk = new Uint8Array(64 * 1024);
    for (let i = 0; i < 1_000 && made.isUp(); i++) {
      made.write(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await made.ended).toBe("hung_up");
  });
});
