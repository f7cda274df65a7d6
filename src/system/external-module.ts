import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { assert } from "#base/errors.ts";
import { ownHex } from "#protocol/bytes.ts";
import type { Log } from "./log.ts";
import { ModuleUnavailable, type SecurityModule } from "./security-module.ts";
import {
  type Asked,
  createLines,
  greeting,
  type ModuleAddress,
  type Reply,
  readLine,
  reply,
  sameProof,
  tokenProof,
  welcome,
} from "./security-wire.ts";

/** A module beside the host answers in milliseconds; a bus is held meanwhile, so nobody waits for longer. */
const ANSWER_MS = 3_000;
/** More than all commands at work can ask at once. */
const OPEN_MAX = 1_000;

type External = Extract<SecurityModule, { where: "external" }>;
type Waiting = { resolve(reply: Reply): void; reject(why: Error): void };
type Line = { ask(asked: Asked): Promise<Reply>; end(why: string): void };

/**
 * A security module (密码机) in another process or on another machine, asked over JCS/1. The connection is made when it is first needed
 * and again after every loss; whoever asks meanwhile is told {@link ModuleUnavailable} at once or after `answerMs`, and asks again later.
 */
export function externalModule(options: {
  address: ModuleAddress;
  token: string;
  log: Log;
  answerMs?: number;
}): External {
  const { log, answerMs = ANSWER_MS } = options;
  let line: Promise<Line> | null = null;
  let isUp = true;

  async function ask(asked: Asked): Promise<Reply> {
    line ??= openLine({ ...options, answerMs, lost: () => (line = null) });
    try {
      const told = await (await line).ask(asked);
      if (!told.ok && told.error !== "no_such_version") throw new ModuleUnavailable(`it said ${told.error}`);
      if (!isUp) log.info({}, "the security module answers again");
      isUp = true;
      return told;
    } catch (error) {
      if (isUp) log.error({ error: String(error) }, "the security module cannot be asked");
      isUp = false;
      throw error instanceof ModuleUnavailable ? error : new ModuleUnavailable(String(error), { cause: error });
    }
  }

  return {
    where: "external",
    rootCheck: async (version) => checkIn(await ask({ op: "root_check", version })),
    keyCheck: async (of) => checkIn(await ask({ op: "key_check", ...of })),
    async topUpMac(of) {
      const told = await ask({ op: "top_up_mac", ...of });
      if (!told.ok) return null;
      return "mac" in told ? ownHex(told.mac, 8) : unfit();
    },
    async protectKey(of) {
      const told = await ask({ op: "protect_key", ...of });
      if (!told.ok) return null;
      return "cipher" in told ? { cipher: ownHex(told.cipher, 32), mac: ownHex(told.keyMac, 4) } : unfit();
    },
    async makeRootKey(version) {
      return checkIn(await ask({ op: "make_root_key", version })) ?? unfit();
    },
    close() {
      const open = line;
      line = null;
      void open?.then((each) => each.end("closed")).catch(() => {});
    },
  };
}

function checkIn(told: Reply): string | null {
  if (!told.ok) return null;
  return "check" in told ? told.check : unfit();
}

function unfit(): never {
  throw new ModuleUnavailable("its answer does not fit the question");
}

/** Connects and proves both sides to each other. */
function openLine(options: { address: ModuleAddress; token: string; answerMs: number; lost(): void }): Promise<Line> {
  const { token, answerMs } = options;
  const socket: Socket = connect({ ...options.address, noDelay: true });
  const waiting = new Map<number, Waiting>();
  const lines = createLines();
  const nonce = randomBytes(16).toString("hex");
  let moduleNonce: string | null = null;
  let isProved = false;
  let isOver = false;
  let lastId = 0;
  const { promise, resolve, reject } = Promise.withResolvers<Line>();
  const opening = setTimeout(() => end("it did not answer in time"), answerMs);

  function end(why: string): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(opening);
    socket.destroy();
    const error = new ModuleUnavailable(why);
    reject(error);
    for (const each of waiting.values()) each.reject(error);
    waiting.clear();
    options.lost();
  }

  function ask(asked: Asked): Promise<Reply> {
    assert(waiting.size < OPEN_MAX, "too many questions to the security module");
    if (isOver) return Promise.reject(new ModuleUnavailable("the connection is gone"));
    const id = ++lastId;
    const answer = Promise.withResolvers<Reply>();
    // One that does not answer may answer later, and then to something else: begin anew with an empty line.
    const timer = setTimeout(() => end("it did not answer in time"), answerMs);
    waiting.set(id, answer);
    socket.write(`${JSON.stringify({ id, ...asked })}\n`);
    return answer.promise.finally(() => clearTimeout(timer));
  }

  function onLine(text: string): void {
    if (moduleNonce === null) greet(text);
    else if (!isProved) believe(text, moduleNonce);
    else deliver(text);
  }

  function greet(text: string): void {
    moduleNonce = readLine(text, greeting)?.nonce ?? null;
    if (moduleNonce === null) end("it does not speak JCS/1");
    else socket.write(`${JSON.stringify({ op: "prove", nonce, proof: tokenProof(token, "C", moduleNonce, nonce) })}\n`);
  }

  function believe(text: string, theirs: string): void {
    const told = readLine(text, welcome);
    isProved = told !== null && sameProof(told.proof, tokenProof(token, "S", theirs, nonce));
    clearTimeout(opening);
    if (isProved) resolve({ ask, end });
    else end("its token is another");
  }

  function deliver(text: string): void {
    const told = readLine(text, reply);
    if (told === null) end("what it said is no answer");
    else waiting.get(told.id)?.resolve(told);
    if (told !== null) waiting.delete(told.id);
  }

  socket.on("data", (chunk: Buffer) => {
    const whole = lines(chunk);
    if (whole === null) end("a line was too long");
    for (const text of whole ?? []) if (!isOver) onLine(text);
  });
  socket.on("error", (error) => end(error.message));
  socket.on("close", () => end("it hung up"));
  return promise;
}
