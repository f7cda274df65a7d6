import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { fromHex, toHex } from "#protocol/bytes.ts";
import { keyCheck, protectKey } from "#protocol/dlt645/meter-key.ts";
import { meterKey, topUpMac } from "#protocol/dlt645/prepay.ts";
import { nodeCiphers } from "./crypto.ts";
import { externalModule } from "./external-module.ts";
import { silentLog } from "./log.ts";
import { builtInModule, ModuleUnavailable } from "./security-module.ts";
import { type RunningModule, serveModule } from "./security-server.ts";
import { LINE_BYTES_MAX, moduleAddress, tokenProof } from "./security-wire.ts";

const ROOTS: Record<number, Uint8Array> = {
  1: fromHex("0123456789abcdeffedcba9876543210")!,
  2: fromHex("00112233445566778899aabbccddeeff")!,
};
const TOKEN = "a token that nobody types";
const address = "000000000161";
const topUp = { amount: 10050, count: 3, customer: "000000001234", operator: "01000000" };
const keyOf = (version: number) => meterKey(nodeCiphers, ROOTS[version]!, 1, address);

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(port = 0): Promise<RunningModule> {
  const inner = builtInModule(async (version) => ROOTS[version] ?? null);
  const module = { ...inner, makeRootKey: async (version: number) => (await inner.rootCheck(version)) ?? "aabbcc" };
  const running = await serveModule(module, { address: { host: "127.0.0.1", port }, token: TOKEN, log: silentLog });
  closing.push(() => running.close());
  return running;
}

function ask(port: number, token = TOKEN, answerMs = 500) {
  const module = externalModule({ address: { host: "127.0.0.1", port }, token, log: silentLog, answerMs });
  closing.push(() => module.close());
  return module;
}

/** A module that says whatever the test says. */
async function impostor(speak: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    closing.push(() => socket.destroy());
    speak(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const unavailable = (promise: Promise<unknown>) => expect(promise).rejects.toBeInstanceOf(ModuleUnavailable);

describe("a module in another process", () => {
  test("answers what the one inside the program answers", async () => {
    const module = ask((await serve()).port);
    expect(toHex((await module.topUpMac({ address, version: 1, topUp }))!)).toBe("ace0f13c66cddb46");
    expect(toHex((await module.topUpMac({ address, version: 2, topUp }))!)).toBe(
      toHex(topUpMac(nodeCiphers, keyOf(2), address, topUp)),
    );
    expect(await module.keyCheck({ address, version: 2 })).toBe(keyCheck(nodeCiphers, keyOf(2)));
    expect(await module.rootCheck(1)).toBe(keyCheck(nodeCiphers, ROOTS[1]!));
    const update = { operator: "01000000", from: 1, to: 2 };
    const told = (await module.protectKey({ address, update }))!;
    const ours = protectKey(nodeCiphers, { present: keyOf(1), next: keyOf(2) }, address, update);
    expect([toHex(told.cipher), toHex(told.mac)]).toEqual([toHex(ours.cipher), toHex(ours.mac)]);
    expect(await module.makeRootKey(9)).toBe("aabbcc");
  });

  test("says so when it has no such version, which is no outage", async () => {
    const module = ask((await serve()).port);
    expect(await module.topUpMac({ address, version: 7, topUp })).toBeNull();
    expect(await module.keyCheck({ address, version: 7 })).toBeNull();
    expect(await module.protectKey({ address, update: { operator: "01000000", from: 1, to: 7 } })).toBeNull();
  });

  test("never sees or says a key", async () => {
    const { port } = await serve();
    const heard: Buffer[] = [];
    const between = await impostor((socket) => {
      const onward = connect({ host: "127.0.0.1", port });
      closing.push(() => onward.destroy());
      for (const [from, to] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        from.on("data", (chunk: Buffer) => {
          heard.push(chunk);
          to.write(chunk);
        });
      }
    });
    const module = ask(between);
    await module.topUpMac({ address, version: 1, topUp });
    await module.protectKey({ address, update: { operator: "01000000", from: 1, to: 2 } });
    const all = Buffer.concat(heard).toString();
    expect(all).toContain("ace0f13c66cddb46");
    for (const key of [ROOTS[1]!, ROOTS[2]!, keyOf(1), keyOf(2)]) expect(all).not.toContain(toHex(key));
    expect(all).not.toContain(TOKEN);
  });

  test("with another token is not believed, and does not answer a program with another token", async () => {
    const { port } = await serve();
    await unavailable(ask(port, "another token, also long").rootCheck(1));
    const liar = await impostor((socket) => {
      socket.write(`${JSON.stringify({ protocol: "JCS/1", nonce: "00".repeat(16) })}\n`);
      socket.on("data", () => socket.write(`${JSON.stringify({ ok: true, proof: "00".repeat(32) })}\n`));
    });
    await unavailable(ask(liar).rootCheck(1));
  });

  test("that is gone, silent, slow or mad is unavailable, in time; and it is found again when it is back", async () => {
    await unavailable(ask(await impostor(() => {}), TOKEN, 100).rootCheck(1));
    await unavailable(ask(await impostor((socket) => socket.write("hello\n"))).rootCheck(1));
    await unavailable(ask(await impostor((socket) => socket.end())).rootCheck(1));
    await unavailable(ask(await impostor((socket) => socket.write("x".repeat(LINE_BYTES_MAX + 2)))).rootCheck(1));
    const first = await serve();
    const module = ask(first.port);
    expect(await module.rootCheck(1)).not.toBeNull();
    await first.close();
    await unavailable(module.rootCheck(1));
    await serve(first.port);
    expect(await module.rootCheck(1)).not.toBeNull();
  });

  test("whose answer does not fit is unavailable, and nothing of it is used", async () => {
    const port = await impostor((socket) => {
      const nonce = "11".repeat(16);
      socket.write(`${JSON.stringify({ protocol: "JCS/1", nonce })}\n`);
      socket.on("data", (chunk: Buffer) => {
        for (const line of chunk.toString().trim().split("\n")) {
          const told = JSON.parse(line);
          const said =
            told.op === "prove"
              ? { ok: true, proof: tokenProof(TOKEN, "S", nonce, told.nonce) }
              : { id: told.id, ok: true, check: "aabbcc" };
          socket.write(`${JSON.stringify(said)}\n`);
        }
      });
    });
    const module = ask(port);
    await unavailable(module.topUpMac({ address, version: 1, topUp }));
    expect(await module.rootCheck(1)).toBe("aabbcc");
  });

  test("hangs up on garbage, on questions before the proof, and answers a bad question as such", async () => {
    const { port } = await serve();
    for (const line of ["garbage\n", `${JSON.stringify({ id: 1, op: "root_check", version: 1 })}\n`]) {
      const socket = connect({ host: "127.0.0.1", port });
      socket.write(line);
      const heard: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => heard.push(chunk));
      await once(socket, "close");
      expect(Buffer.concat(heard).toString()).not.toContain("check");
    }
    const socket = connect({ host: "127.0.0.1", port });
    const [greeting] = (await once(socket, "data")) as [Buffer];
    const { nonce } = JSON.parse(greeting.toString());
    const own = "22".repeat(16);
    socket.write(`${JSON.stringify({ op: "prove", nonce: own, proof: tokenProof(TOKEN, "C", nonce, own) })}\n`);
    await once(socket, "data");
    socket.write(`${JSON.stringify({ id: 5, op: "sign", bytes: "00" })}\n`);
    const [told] = (await once(socket, "data")) as [Buffer];
    expect(JSON.parse(told.toString())).toEqual({ id: 5, ok: false, error: "bad_question" });
    socket.destroy();
  });

  test("a Unix socket does as well", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "jichao-jcs-")), "hsm.sock");
    const inner = builtInModule(async (version) => ROOTS[version] ?? null);
    const running = await serveModule(
      { ...inner, makeRootKey: async () => "aabbcc" },
      { address: { path }, token: TOKEN, log: silentLog },
    );
    closing.push(() => running.close());
    const module = externalModule({ address: { path }, token: TOKEN, log: silentLog });
    closing.push(() => module.close());
    expect(await module.rootCheck(2)).toBe(keyCheck(nodeCiphers, ROOTS[2]!));
  });
});

test("addresses are unix:… or tcp:host:port", () => {
  expect(moduleAddress("unix:/run/hsm.sock")).toEqual({ path: "/run/hsm.sock" });
  expect(moduleAddress("tcp:[::1]:6203")).toEqual({ host: "::1", port: 6203 });
  for (const text of ["built-in", "tcp:host", "tcp:host:99999", "http://host:1", "unix:"]) {
    expect(moduleAddress(text), text).toBeNull();
  }
});
