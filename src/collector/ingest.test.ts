import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { recordReadings } from "#flows/record-readings.ts";
import type { Db } from "#store/db.ts";
import { silentLog } from "#system/log.ts";
import { createIngest, type Ingest } from "./ingest.ts";
import { openSite, type Site } from "./test-site.ts";

let site: Site | undefined;
let ingest: Ingest | undefined;

afterEach(async () => {
  await ingest?.close(1_000);
  await site?.close();
});

/** The real database behind a door that the test can shut. */
function withDoor(db: Db) {
  let open = true;
  let knocks: () => void = () => {};
  const refuse = () => {
    knocks();
    return Promise.reject(new Error("the database is away"));
  };
  const guarded: Db = {
    kind: db.kind,
    read: db.read,
    transact: (body) => (open ? db.transact(body) : refuse()),
    migrate: db.migrate,
    version: () => (open ? db.version() : refuse()),
    nodes: db.nodes,
    close: db.close,
  };
  return {
    db: guarded,
    shut() {
      open = false;
    },
    open() {
      open = true;
    },
    /** Resolves at the next attempt that finds the door shut. */
    knock: () =>
      new Promise<void>((resolve) => {
        knocks = resolve;
      }),
  };
}

async function ingestAt(opened: Site) {
  const door = withDoor(opened.db);
  const outages: string[] = [];
  const log = {
    ...silentLog,
    error: (_: object, text: string) => void outages.push(text),
    info: (_: object, text: string) => void outages.push(text),
  };
  const batches: number[] = [];
  const tries: { isGood: boolean; reports: number }[] = [];
  const ctx = { ...opened.ctx, db: door.db };
  const made = createIngest({
    async record(batch) {
      await recordReadings(ctx, { collector: "test", ...batch });
      batches.push(batch.reports.length);
    },
    probe: () => door.db.version(),
    log,
    recorded: ({ isGood, reports }) => void tries.push({ isGood, reports }),
  });
  ingest = made;
  return { door, outages, batches, tries, ingest: made };
}

const at = (n: number) => instant(1_790_000_000_000 + n * 1_000);

async function readingsIn(opened: Site): Promise<number[]> {
  const rows = await opened.db.read
    .selectFrom("reading")
    .select("measured_at")
    .where("measured_at", "<", at(3_600)) // what was written down at the take-over, today, is no report
    .orderBy("measured_at")
    .execute();
  return rows.map((row) => row.measured_at);
}

describe("the way of readings to the database", () => {
  test("records what came by itself soon, as one batch", async () => {
    site = await openSite();
    const [meterId = 0] = site.meterIds.values();
    const { ingest, batches } = await ingestAt(site);
    for (let n = 0; n < 10; n++) ingest.report({ meterId, measuredAt: at(n), values: { energyWh: 1_000 + n * 10 } });
    await expect.poll(() => readingsIn(site as Site)).toHaveLength(10);
    expect(batches).toEqual([10]);
  });

  test("records at once when told to", async () => {
    site = await openSite();
    const [meterId = 0] = site.meterIds.values();
    const { ingest } = await ingestAt(site);
    ingest.report({ meterId, measuredAt: at(0), values: { energyWh: 1_000 } });
    expect(await ingest.flush()).toBe(true);
    expect(await readingsIn(site)).toHaveLength(1);
  });

  test("cuts a large pile into batches of 1000", async () => {
    site = await openSite();
    const [meterId = 0] = site.meterIds.values();
    const { ingest, batches } = await ingestAt(site);
    for (let n = 0; n < 2_500; n++) ingest.report({ meterId, measuredAt: at(n), values: { energyWh: 1_000 + n } });
    expect(await ingest.flush()).toBe(true);
    expect(batches).toEqual([1_000, 1_000, 500]);
    expect(await readingsIn(site)).toHaveLength(2_500);
  });

  test("records meters of several lanes beside each other, and a flush waits for all of them", async () => {
    site = await openSite();
    const { ingest, batches } = await ingestAt(site);
    for (let n = 0; n < 300; n++)
      for (const meterId of site.meterIds.values())
        ingest.report({ meterId, measuredAt: at(n), values: { energyWh: 1_000_000 + n } });
    expect(await ingest.flush()).toBe(true);
    expect(batches.reduce((sum, n) => sum + n, 0)).toBe(300 * site.meterIds.size);
    expect(ingest.state().waiting).toBe(0);
    const kept = site.db.read.selectFrom("reading").select("meter_id").where("measured_at", "<=", at(299));
    expect(await kept.execute()).toHaveLength(300 * site.meterIds.size);
  });

  test("keeps every reading over an outage of the database, and says so once", async () => {
    site = await openSite();
    const [meterId = 0] = site.meterIds.values();
    const { ingest, door, outages } = await ingestAt(site);
    door.shut();
    for (let n = 0; n < 30; n++) ingest.report({ meterId, measuredAt: at(n), values: { energyWh: 1_000 + n * 10 } });
    expect(await ingest.flush()).toBe(false);
    await door.knock();
    await door.knock();
    ingest.report({ meterId, measuredAt: at(30), values: { energyWh: 2_000 } });
    door.open();
    await expect.poll(() => readingsIn(site as Site)).toHaveLength(31);
    expect(outages).toEqual(["readings could not be recorded; they are kept", "readings are recorded again"]);
  });

  test("keeps every reading, whole batches too, while the disk of the database takes nothing more but answers", async () => {
    site = await openSite();
    const [meterId = 0] = site.meterIds.values();
    const { ingest, tries, outages } = await ingestAt(site);
    const pagesMax = (pages: string) =>
      site?.db.transact((tx) => sql.raw(`pragma max_page_count = ${pages}`).execute(tx));
    await pagesMax("1"); // never less than there are now: it is full
    for (let n = 0; n < 900; n++) ingest.report({ meterId, measuredAt: at(n), values: { energyWh: 1_000 + n * 10 } });
    expect(await ingest.flush()).toBe(false);
    await expect.poll(() => tries.length).toBeGreaterThan(4);
    expect(tries.every(({ isGood, reports }) => !isGood && reports === 900)).toBe(true);
    await pagesMax("4294967294");
    await expect.poll(() => readingsIn(site as Site)).toHaveLength(900);
    expect(ingest.state().refused).toBe(0);
    expect(outages).toEqual(["readings could not be recorded; they are kept", "readings are recorded again"]);
  });

  test("drops the oldest frames first, and no reading, when an outage lasts", async () => {
    site = await openSite();
    const [meterId = 0] = site.meterIds.values();
    const { ingest, door } = await ingestAt(site);
    door.shut();
    ingest.report({ meterId, measuredAt: at(0), values: { energyWh: 1_000 } });
    for (let n = 0; n < 6_000; n++) {
      ingest.frame({ meterId, at: at(n), direction: "sent", hex: "68", commandId: null, tookMs: 0 });
    }
    expect(ingest.state()).toMatchObject({ waiting: 1, framesDropped: 1_000 });
    door.open();
    expect(await ingest.flush()).toBe(true);
    expect(await readingsIn(site)).toHaveLength(1);
    const { newest } = await site.db.read
      .selectFrom("frame_log")
      .select((eb) => eb.fn.max("at").as("newest"))
      .executeTakeFirstOrThrow();
    expect(newest).toBe(at(5_999));
  });

  test("has no room while too much waits, and room again when it was recorded", async () => {
    site = await openSite();
    const [meterId = 0] = site.meterIds.values();
    const { ingest, door } = await ingestAt(site);
    door.shut();
    for (let n = 0; n < 20_000; n++) ingest.silence({ meterId, at: at(0) });
    let roomy = false;
    const room = ingest.room(new AbortController().signal).then(() => {
      roomy = true;
    });
    await door.knock();
    expect(roomy).toBe(false);
    door.open();
    await room;
    expect(ingest.state().waiting).toBeLessThan(20_000);
  });

  test("one report that the database refuses does not hold up the others", async () => {
    site = await openSite();
    const [meterId = 0] = site.meterIds.values();
    const { ingest, outages } = await ingestAt(site);
    for (let n = 0; n < 5; n++) ingest.report({ meterId, measuredAt: at(n), values: { energyWh: 1_000 + n } });
    ingest.report({ meterId, measuredAt: at(5), values: { energyWh: Number.NaN } });
    for (let n = 6; n < 10; n++) ingest.report({ meterId, measuredAt: at(n), values: { energyWh: 1_000 + n } });
    await expect.poll(() => readingsIn(site as Site)).toHaveLength(9);
    expect(ingest.state().refused).toBe(1);
    expect(outages).toContain("the database refused a report for good; it was dropped");
  });
});
