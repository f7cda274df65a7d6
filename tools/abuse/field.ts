import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { registers } from "#domain/reading.ts";
import { fromHex } from "#protocol/bytes.ts";
import { townPlan } from "#simulator/plan.ts";
import { createTown, type Town } from "#simulator/town.ts";
import { freshDatabase } from "#store/test-databases.ts";
import { pause, systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import { enrollTown } from "../../src/cli/demo.ts";
import type { Told } from "./collector.ts";
import { type DatabaseCut, databaseCut } from "./database-cut.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";

/** A collector under attack, its good concentrators, and keys of others for those who attack with a key. */
export type Field = Awaited<ReturnType<typeof openField>>;

const COLLECTOR = fileURLToPath(new URL("./collector.ts", import.meta.url));
const READY_MS_MAX = 120_000;
const METERS_PER = 2;
/** Of the small file system for the capture: more than the collector leaves free on a disk. */
const CAPTURE_DISK_MB = 96;

/** Builds the archive, starts the collector in a process of its own, and lets the good concentrators dial. */
export async function openField(options: {
  good: number;
  others: number;
  database: "sqlite" | "mariadb";
  /** What the database lies on, when it is a file system of its own. */
  databaseDisk: SmallDisk | null;
}) {
  const { good, others } = options;
  const dataDir = mkdtempSync(join(tmpdir(), "jichao-abuse-"));
  const db = await freshDatabase(options.database);
  const masterKey = "ab".repeat(32);
  const plan = townPlan({ seed: 3, concentrators: good + others, metersPer: METERS_PER, waterPer: 0 });
  await enrollTown({ db, clock: systemClock, newId, log: silentLog }, createSealer(masterKey), {
    plan,
    stateFile: null,
  });
  const goodIds = new Set(plan.concentrators.slice(0, good).map(({ id }) => id));
  const meters = plan.meters.filter(({ concentrator }) => goodIds.has(concentrator));
  const goodPlan = { ...plan, concentrators: plan.concentrators.slice(0, good), meters };
  const town: Town = createTown({
    plan: goodPlan,
    speed: 1,
    stateFile: undefined,
    bus: { baud: "instant", replyDelayMs: 5 },
  });
  // Nobody uses anything: what a meter shows is one number, and every other number that is stored is wrong.
  for (const { number } of meters) town.setLoad(number, 0);
  const cut: DatabaseCut | null = options.database === "mariadb" ? await databaseCut(db.url) : null;
  const captureDisk = mountSmallDisk(CAPTURE_DISK_MB, join(dataDir, "capture"));
  const told: (Told & { at: number })[] = [];
  const child = startCollector({
    JICHAO_DB: cut?.url ?? db.url,
    JICHAO_DATA: dataDir,
    JICHAO_MASTER_KEY: masterKey,
    JICHAO_LINK_PORT: "0",
    JICHAO_LINK_HOST: "127.0.0.1",
    JICHAO_COLLECTOR_HTTP_PORT: "0",
    JICHAO_COLLECTOR_ID: "abused",
    JICHAO_READ_INTERVAL_SECONDS: "1",
    JICHAO_HEARTBEAT_SECONDS: "5",
    JICHAO_LOG: "error",
  });
  child.on("message", (message: Told) => void told.push({ ...message, at: performance.now() }));
  const began = performance.now();
  while (told.length === 0) {
    if (child.exitCode !== null || performance.now() - began > READY_MS_MAX)
      throw new Error("the collector did not start");
    await pause(100);
  }
  const port = told[0]?.port ?? 0;
  town.dial({ host: "127.0.0.1", port });
  await town.whenOnline();
  const truth = new Map((await meterIds()).map(({ id, number }) => [id, town.meter(number)?.indexWh ?? null]));

  function meterIds() {
    return db.read
      .selectFrom("meter")
      .select(["id", "number"])
      .where(
        "number",
        "in",
        meters.map(({ number }) => number),
      )
      .execute();
  }

  return {
    port,
    town,
    plan,
    told,
    child,
    cut,
    captureDisk,
    databaseDisk: options.databaseDisk,
    dataDir,
    goodIds,
    keys: plan.concentrators.slice(good).map(({ id, key }) => ({ id, key: fromHex(key) ?? new Uint8Array() })),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    /** Readings of total energy that were stored, and how many are not what the meter shows. */
    async readings(): Promise<{ checked: number; wrong: number }> {
      const rows = await db.read
        .selectFrom("reading")
        .select(["meter_id", "value"])
        .where("meter_id", "in", [...truth.keys()])
        .where("register", "=", registers.energyTotal)
        .execute();
      const states = await db.read
        .selectFrom("meter_state")
        .select(["meter_id", "index_wh as value"])
        .where("meter_id", "in", [...truth.keys()])
        .execute();
      const all = [...rows, ...states].filter(({ value }) => value !== null);
      return { checked: all.length, wrong: all.filter(({ meter_id, value }) => value !== truth.get(meter_id)).length };
    },
    meters: truth.size,
    /** How the last exchanges with good meters ended; the log of frames keeps some of each meter. */
    async replies(since: number): Promise<{ replies: number[]; silences: number }> {
      const rows = await db.read
        .selectFrom("frame_log")
        .select(["took_ms", "direction"])
        .where("meter_id", "in", [...truth.keys()])
        .where("direction", "<>", "sent")
        .where("at", ">=", since)
        .execute();
      const replies = rows.filter(({ direction }) => direction === "received").map(({ took_ms }) => took_ms);
      return { replies, silences: rows.length - replies.length };
    },
    /** How many good meters have answered since. */
    async answeringSince(since: number): Promise<number> {
      const rows = await db.read
        .selectFrom("meter_state")
        .select("meter_id")
        .where("meter_id", "in", [...truth.keys()])
        .where("last_answer_at", ">=", since)
        .execute();
      return rows.length;
    },
    async close(): Promise<void> {
      await town.close();
      child.kill("SIGKILL");
      cut?.close();
      captureDisk?.close();
      await db.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function startCollector(env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [COLLECTOR], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  return child;
}
