import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { assert } from "#base/errors.ts";
import { SECOND_MS } from "#base/time.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { registers } from "#domain/reading.ts";
import type { FlowContext } from "#flows/context.ts";
import { recharge } from "#flows/recharge.ts";
import { requestCommand } from "#flows/request-command.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import { type Bytes, toHex } from "#protocol/bytes.ts";
import { framesIn645 } from "#protocol/dlt645/frame.ts";
import { di, diFromWire } from "#protocol/dlt645/items.ts";
import type { Sound } from "#simulator/bus.ts";
import { type Concentrator, createConcentrator } from "#simulator/concentrator.ts";
import { quiet } from "#simulator/log.ts";
import { townPlan } from "#simulator/plan.ts";
import { randomStream } from "#simulator/random.ts";
import { createTown } from "#simulator/town.ts";
import { freshDatabase } from "#store/test-databases.ts";
import { pause, systemClock } from "#system/clock.ts";
import type { FaultPoint } from "#system/fault-point.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import { enrollTown } from "../../src/cli/demo.ts";
import { freePort } from "../../test/free-port.ts";
import { startSharedMariadb } from "../../test/mariadb.ts";
import { front } from "./front.ts";
import { type Victim, victim } from "./programs.ts";

/** `ends`: only these, in turns; all when left out. `frozenMs`: how long one stands still, beyond every lease when left out. */
export type TakeOverOptions = {
  frozenMs?: number;
  runs: number;
  seed: number;
  database: "sqlite" | "mariadb";
  ends?: readonly End[];
};

const cashier: Actor = { userId: 1, login: "li", name: "李", permissions: new Set(permissions), scope: SCOPE_ALL };

/** How a collector goes. `frozen`: it stands still past its leases and then goes on as if nothing had been. */
const ENDS = [
  "pump:after-claim",
  "pump:after-sent-mark",
  "exchange:after-write",
  "pump:after-answer",
  "settle-command:before-commit",
  "settle-command:after-commit",
  "ingest:before-commit",
  "mid-round",
  "frozen",
] as const satisfies readonly (FaultPoint | "mid-round" | "frozen")[];
type End = (typeof ENDS)[number];
/** Places that only a command with an effect comes by. */
const OF_WRITES: readonly End[] = ["pump:after-sent-mark", "exchange:after-write", "pump:after-answer"];

/** Every figure under `wrong` must be 0. */
export type TakeOverReport = {
  database: string;
  seed: number;
  runs: number;
  ok: boolean;
  seconds: number;
  ends: Record<string, number>;
  commands: number;
  confirmed: number;
  readingsStored: number;
  readingsAnswered: number;
  /** From the death of the one to the first reading of every concentrator stored by the other, seconds. */
  readAgain: { median: number; longest: number };
  /** From its death to the end of the command that was under way, seconds. */
  commandEnded: { median: number; longest: number };
  /** The same two for a collector that ended in good order. */
  handedOver: { median: number; longest: number };
  wrong: {
    sentTwice: number;
    neverSent: number;
    notInMeter: number;
    storedTwice: number;
    /** Commands to meters by a collector that came back after its leases had ended. */
    spokenAfterThaw: number;
    ledgerSum: number;
    problems: string[];
  };
};

/** The function of DL/T 645-2007 that only asks. */
const READ = 0x11;
const CONCENTRATORS = 2;
const METERS_PER = 20;
/** A bus that takes its time, so that a round is something one can be in the middle of. */
const TIMING = { baud: 9600, replyDelayMs: 10 } as const;
const WAIT_MS_MAX = 60 * SECOND_MS;
/** Longer than the leases of a concentrator and of a command. */
const FROZEN_MS = 36 * SECOND_MS;
/** Trips that the guard of a project lets out in ten minutes, with some to spare. */
const TRIPS_MAX = 15;

/**
 * Two collectors share a database; the one that has the concentrators dies in the middle of a round or of a command, and the
 * other takes over. What went over each bus is counted where the meters hear it.
 */
export async function takeOverChaos(options: TakeOverOptions, say: (line: string) => void): Promise<TakeOverReport> {
  const began = systemClock();
  const { ends: turns = ENDS, frozenMs = FROZEN_MS } = options;
  const random = randomStream(options.seed, 90_210);
  const dataDir = mkdtempSync(join(tmpdir(), "jichao-take-over-"));
  const mariadb = options.database === "mariadb" ? await startSharedMariadb() : null;
  const db = await freshDatabase(options.database);
  const masterKey = "c5".repeat(32);
  const ctx: FlowContext = { db, clock: systemClock, newId, log: silentLog };
  const plan = townPlan({ seed: options.seed, concentrators: CONCENTRATORS, metersPer: METERS_PER, waterPer: 0 });
  await enrollTown(ctx, createSealer(masterKey), { plan, stateFile: null });
  const town = createTown({ plan, speed: 60, bus: TIMING, seed: options.seed });
  const heard: string[] = [];
  const indexes = new Map<string, number>();
  const hear = (code: string, port: number, request: Bytes): Sound[] => {
    heard.push(toHex(request));
    const sounds = town.hear(code, port, request);
    for (const { address, control, data } of sounds.flatMap(({ bytes }) => framesIn645(bytes))) {
      if (control !== 0x91 || diFromWire(data) !== di.energyTotal) continue;
      indexes.set(address, (indexes.get(address) ?? 0) + 1);
    }
    return sounds;
  };
  const concentrators: Concentrator[] = plan.concentrators.map((own) =>
    createConcentrator({
      plan: own,
      ports: [1],
      timing: TIMING,
      hear: (port, request) => hear(own.id, port, request),
      strike: () => ({ split: false, merge: false, interrupt: false, flap: false }),
      random,
      clockMs: systemClock,
      log: quiet,
    }),
  );
  const door = await front();
  const ends: Record<string, number> = {};
  const ports = [await freePort(), await freePort()] as const;
  const collectors = ports.map((port, i) =>
    victim(
      "collector",
      {
        JICHAO_DB: db.url,
        JICHAO_DATA: dataDir,
        JICHAO_MASTER_KEY: masterKey,
        JICHAO_LINK_PORT: String(port),
        JICHAO_LINK_HOST: "127.0.0.1",
        JICHAO_COLLECTOR_HTTP_PORT: "0",
        JICHAO_COLLECTOR_ID: `collector-${i + 1}`,
        JICHAO_READ_INTERVAL_SECONDS: "5",
        JICHAO_EXCHANGE_TIMEOUT_MS: "300",
        JICHAO_LINK_TIMEOUT_MS: "1000",
        JICHAO_HEARTBEAT_SECONDS: "2",
        JICHAO_LOG: "info",
      },
      () => {},
    ),
  );
  const meters = await db.read
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .select(["meter.id", "meter.number", "meter.address"])
    .where("meter.profile", "=", "jc1")
    .where("account.credit_at", "=", "meter")
    .orderBy("meter.id")
    .execute();
  const openings = await readingsOf(ctx);
  const made: { id: string; meterId: number; kind: string }[] = [];
  const readAgain: number[] = [];
  const commandEnded: number[] = [];
  const handedOver: number[] = [];
  const problems: string[] = [];
  let trips = 0;
  let spokenAfterThaw = 0;

  /** Makes a command of some kind, for one meter after the other. */
  async function make(isWrite: boolean): Promise<string> {
    const pick = meters[made.length % meters.length];
    assert(pick, "the town has meters");
    const key = newId(systemClock());
    const kind = kindOf(isWrite ? random() * 0.75 : random(), trips < TRIPS_MAX);
    if (kind === "trip") trips++;
    const order =
      kind === "top_up"
        ? await recharge(ctx, cashier, { key, meterId: pick.id, amount: "100", channel: "cash", note: "", ip: "" })
        : null;
    const asked =
      kind === "top_up"
        ? null
        : await requestCommand(ctx, cashier, { key, meterId: pick.id, kind, reason: "x", ip: "" });
    const id = asked?.commandId ?? (await commandOf(ctx, order?.orderNo ?? ""));
    made.push({ id, meterId: pick.id, kind });
    return id;
  }

  async function oneRun(end: End): Promise<void> {
    const [first, second] = collectors as [Victim, Victim];
    const isPoint = end !== "mid-round" && end !== "frozen";
    door.prefer([ports[0]]);
    await first.start(isPoint ? `${end}=1` : "");
    const at = performance.now();
    if (second.isAlive()) {
      await second.end();
      await waitFor("the first has everything", () => ownedBy(ctx, "collector-1"));
      handedOver.push(since(at));
    }
    await second.start("");
    if (end !== "ingest:before-commit") {
      await waitFor("the first has everything", () => ownedBy(ctx, "collector-1"));
      await readSince(ctx, systemClock());
    }
    door.prefer([ports[0], ports[1]]);
    const id = await make(OF_WRITES.includes(end));
    if (isPoint) {
      await Promise.race([first.died(), pause(WAIT_MS_MAX)]);
      if (first.isAlive()) problems.push(`${end} did not strike`);
      first.kill();
    } else {
      await pause(random() * 800);
      if (end === "mid-round") first.kill();
    }
    if (end === "frozen") {
      first.freeze();
      door.prefer([ports[1]]);
      door.sever();
    } else await first.died();
    const deadAt = performance.now();
    const clockAt = systemClock();
    ends[end] = (ends[end] ?? 0) + 1;
    await Promise.all([
      readSince(ctx, clockAt).then(() => readAgain.push(since(deadAt))),
      waitFor(`the command ${id} to end`, () => hasEnded(ctx, id)).then(() => commandEnded.push(since(deadAt))),
    ]);
    if (end !== "frozen") return;
    await pause(Math.max(0, frozenMs - (performance.now() - deadAt)));
    first.thaw();
    await pause(3 * SECOND_MS);
    spokenAfterThaw += framesIn645(door.saidIntoNothing()).filter(({ control }) => control !== READ).length;
    if (!(await ownedBy(ctx, "collector-2"))) problems.push("the one that was frozen took its concentrators back");
    first.kill();
    await first.died();
  }

  try {
    door.prefer([ports[0]]);
    for (const each of concentrators) each.dial({ host: "127.0.0.1", port: door.port });
    for (let run = 0; run < options.runs; run++) {
      const end = turns[run % turns.length] ?? "mid-round";
      await oneRun(end);
      say(`run ${run + 1} of ${options.runs}: ${end}, read again after ${readAgain.at(-1)?.toFixed(1)} s`);
    }
    await collectors[1]?.end();
    const rows = await db.read
      .selectFrom("command")
      .select(["id", "kind", "state", "frame_hex", "meter_id", "purchase_number"])
      .where(
        "id",
        "in",
        made.map(({ id }) => id),
      )
      .execute();
    const writes = rows.filter((row) => row.kind !== "read");
    const times = (hex: string | null) => heard.filter((request) => hex !== null && request === hex).length;
    const stored = await readingsOf(ctx, openings);
    const ledger = await verifyLedger(ctx);
    const wrong = {
      sentTwice: writes.filter((row) => times(row.frame_hex) > 1).length,
      // A trip may find its meter open already, because it ran out of credit meanwhile.
      neverSent: writes.filter((row) => row.kind === "top_up" && times(row.frame_hex) === 0).length,
      notInMeter: rows.filter((row) => row.kind === "top_up" && !isIn(town.meter, meters, row)).length,
      storedTwice: meters.filter(({ id, address }) => (stored.get(id) ?? 0) > (indexes.get(address) ?? 0)).length,
      spokenAfterThaw,
      ledgerSum: ledger.sumE4,
      problems: [...problems, ...ledger.problems].slice(0, 20),
    };
    const confirmed = rows.filter(({ state }) => state === "confirmed").length;
    const sound =
      wrong.problems.length === 0 && Object.values(wrong).every((value) => typeof value !== "number" || value === 0);
    return {
      database: await db.version(),
      seed: options.seed,
      runs: options.runs,
      ok: sound && confirmed === made.length,
      seconds: Math.round((systemClock() - began) / 1000),
      ends,
      commands: made.length,
      confirmed,
      readingsStored: meters.reduce((sum, { id }) => sum + (stored.get(id) ?? 0), 0),
      readingsAnswered: meters.reduce((sum, { address }) => sum + (indexes.get(address) ?? 0), 0),
      readAgain: spread(readAgain),
      commandEnded: spread(commandEnded),
      handedOver: spread(handedOver),
      wrong,
    };
  } finally {
    for (const each of collectors) each.kill();
    await Promise.all(collectors.map((each) => each.died()));
    for (const each of concentrators) await each.close();
    door.close();
    await town.close();
    await db.drop();
    await mariadb?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function kindOf(draw: number, mayTrip: boolean): "top_up" | "trip" | "read" {
  if (draw < 0.5) return "top_up";
  if (draw < 0.75) return mayTrip ? "trip" : "top_up";
  return "read";
}

async function commandOf(ctx: FlowContext, orderNo: string): Promise<string> {
  const row = await ctx.db.read
    .selectFrom("command")
    .select("id")
    .where("order_no", "=", orderNo)
    .executeTakeFirstOrThrow();
  return row.id;
}

async function hasEnded(ctx: FlowContext, id: string): Promise<boolean> {
  const row = await ctx.db.read.selectFrom("command").select("state").where("id", "=", id).executeTakeFirst();
  return row !== undefined && !["waiting", "sent", "unknown"].includes(row.state);
}

async function ownedBy(ctx: FlowContext, collector: string): Promise<boolean> {
  const rows = await ctx.db.read.selectFrom("concentrator").select(["owner", "online"]).execute();
  return rows.every((row) => row.owner === collector && row.online === 1);
}

/** Resolves when every concentrator has given a reading that was measured after this moment. */
async function readSince(ctx: FlowContext, at: number): Promise<void> {
  await waitFor("readings of every concentrator", async () => {
    const rows = await ctx.db.read
      .selectFrom("meter_state")
      .innerJoin("meter", "meter.id", "meter_state.meter_id")
      .select("meter.concentrator_id")
      .distinct()
      .where("meter_state.index_at", ">", at)
      .execute();
    return rows.length === CONCENTRATORS;
  });
}

/** Readings of the index by meter, beyond those that were there before. */
async function readingsOf(ctx: FlowContext, before?: ReadonlyMap<number, number>): Promise<Map<number, number>> {
  const rows = await ctx.db.read
    .selectFrom("reading")
    .select((eb) => ["meter_id", eb.fn.countAll<number>().as("rows")])
    .where("register", "=", registers.energyTotal)
    .groupBy("meter_id")
    .execute();
  return new Map(rows.map((row) => [row.meter_id, Number(row.rows) - (before?.get(row.meter_id) ?? 0)]));
}

type Shown = { topUps: readonly { count: number }[] } | null;

/** Whether the meter itself remembers the top-up, once. */
function isIn(
  meterAt: (number: string) => Shown,
  meters: readonly { id: number; number: string }[],
  row: { meter_id: number; purchase_number: number | null },
): boolean {
  const meter = meters.find(({ id }) => id === row.meter_id);
  const topUps = meterAt(meter?.number ?? "")?.topUps ?? [];
  return topUps.filter(({ count }) => count === row.purchase_number).length === 1;
}

async function waitFor(what: string, look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS_MAX;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await pause(50);
  }
}

function since(at: number): number {
  return (performance.now() - at) / 1000;
}

function spread(seconds: number[]): { median: number; longest: number } {
  const sorted = seconds.sort((a, b) => a - b).map((value) => Math.round(value * 10) / 10);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, longest: sorted.at(-1) ?? 0 };
}
