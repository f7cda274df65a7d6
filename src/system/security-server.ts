import { randomBytes } from "node:crypto";
import { chmodSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { toHex } from "#protocol/bytes.ts";
import type { Log } from "./log.ts";
import type { SecurityModule } from "./security-module.ts";
import {
  createLines,
  introduction,
  JCS_PROTOCOL,
  type ModuleAddress,
  question,
  questionId,
  type Reply,
  readLine,
  sameProof,
  tokenProof,
} from "./security-wire.ts";

/** How long a connection may take to prove itself. */
const PROOF_MS = 5_000;
/** Unproved and proved together: a handful of programs ask. */
const CONNECTIONS_MAX = 64;
/** Bytes that a program leaves unread before it is hung up on. */
const UNREAD_BYTES_MAX = 256 * 1_024;

/** A module that can be asked over JCS/1. */
export type RunningModule = { port: number; close(): Promise<void> };

/** What answers the questions: a module that can also make root keys. */
export type Answerer = Omit<SecurityModule, "where"> & { makeRootKey(version: number): Promise<string> };

/** Listens for programs and answers them. A Unix socket is for its owner alone; its file is made anew. */
export async function serveModule(
  module: Answerer,
  how: { address: ModuleAddress; token: string; log: Log },
): Promise<RunningModule> {
  const { address, token, log } = how;
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    if (open.size >= CONNECTIONS_MAX) return void socket.destroy();
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    greet(socket);
  });

  function greet(socket: Socket): void {
    const nonce = randomBytes(16).toString("hex");
    const lines = createLines();
    let isProved = false;
    const late = setTimeout(() => socket.destroy(), PROOF_MS);
    socket.on("close", () => clearTimeout(late));
    say(socket, { protocol: JCS_PROTOCOL, nonce });
    socket.on("data", (chunk: Buffer) => {
      const whole = lines(chunk);
      if (whole === null) return void socket.destroy();
      for (const text of whole) {
        if (isProved) void hear(socket, text);
        else isProved = prove(socket, text, nonce);
        if (!isProved) return void socket.destroy();
        clearTimeout(late);
      }
    });
  }

  function prove(socket: Socket, text: string, nonce: string): boolean {
    const told = readLine(text, introduction);
    if (!told || !sameProof(told.proof, tokenProof(token, "C", nonce, told.nonce))) {
      log.warn({ from: socket.remoteAddress ?? "unix" }, "a program with a wrong token was hung up on");
      return false;
    }
    say(socket, { ok: true, proof: tokenProof(token, "S", nonce, told.nonce) });
    return true;
  }

  async function hear(socket: Socket, text: string): Promise<void> {
    const told = await answerTo(module, text, log);
    if (told === null) return void socket.destroy();
    say(socket, told);
    if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy();
  }

  if ("path" in address) rmSync(address.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, resolve);
  });
  if ("path" in address) chmodSync(address.path, 0o600);
  return {
    port: "path" in address ? 0 : (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** What a line is answered with; null when it is not even a question, and the connection ends. */
async function answerTo(module: Answerer, text: string, log: Log): Promise<Reply | null> {
  const asked = readLine(text, question);
  if (asked === null) {
    const named = readLine(text, questionId);
    return named && { id: named.id, ok: false, error: "bad_question" };
  }
  const { id } = asked;
  try {
    const found = await made(module, asked);
    return found === null ? { id, ok: false, error: "no_such_version" } : { id, ok: true, ...found };
  } catch (error) {
    log.error({ op: asked.op, error: String(error) }, "a question could not be answered");
    return { id, ok: false, error: "failed" };
  }
}

type Question = NonNullable<ReturnType<typeof question.parse>>;

async function made(module: Answerer, asked: Question) {
  switch (asked.op) {
    case "root_check":
      return checked(await module.rootCheck(asked.version));
    case "key_check":
      return checked(await module.keyCheck(asked));
    case "top_up_mac": {
      const mac = await module.topUpMac(asked);
      return mac && { mac: toHex(mac) };
    }
    case "protect_key": {
      const key = await module.protectKey(asked);
      return key && { cipher: toHex(key.cipher), keyMac: toHex(key.mac) };
    }
    case "make_root_key":
      return checked(await module.makeRootKey(asked.version));
  }
}

function checked(check: string | null) {
  return check === null ? null : { check };
}

function say(socket: Socket, told: object): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(told)}\n`);
}
