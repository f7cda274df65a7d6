import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Day, HOUR_MS, instant, MINUTE_MS, startOfDay } from "#base/time.ts";
import { registers, verdicts } from "#domain/reading.ts";
import { addConcentrator, replaceConcentrator } from "#flows/edit-concentrator.ts";
import { moveMeter } from "#flows/edit-meter.ts";
import type { TownPlan } from "#simulator/plan.ts";
import { planName, type TownState } from "#simulator/state-file.ts";
import { createTown, type Town } from "#simulator/town.ts";
import { testDatabases } from "#store/test-databases.ts";
import { until } from "./until.ts";
import { boss, SEALER, type World, world } from "./world.ts";

const START = instant(Date.parse("2026-08-01T18:00:00+08:00"));
const MIDNIGHT = startOfDay("2026-08-02" as Day);
const OUTAGE_HOURS = 12;
const FILLED_MS = 180_000; // hundreds of meters on a busy machine
/** Of a line that hundreds of meters share. */
const REPLY_DELAY_MS = 8;
/** Rounds go before what is missing: they must leave the line some time. */
const READ_INTERVAL_MS = 20_000;
const ip = "";

/** A world whose town has lost its only concentrator for {@link OUTAGE_HOURS}, over a midnight, while its meters went on. */
async function struck(database: (typeof testDatabases)[number]["name"], metersPer: number) {
  const folder = mkdtempSync(join(tmpdir(), "jichao-replaced-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const stateFile = join(folder, "town.json");
  const w = await world({
    database,
    metersPer,
    sharedClock: true,
    startAt: START,
    stateFile,
    replyDelayMs: REPLY_DELAY_MS,
    collector: false,
  });
  const { linkPort } = await w.startCollector({ readIntervalMs: READ_INTERVAL_MS });
  await answered(w, w.ctx.clock());
  const [old] = w.plan.concentrators;
  if (old === undefined) throw new Error("the town has a concentrator");
  w.town.setConcentratorOffline(old.id, true);
  w.letPass(OUTAGE_HOURS * HOUR_MS);
  w.town.setSpeed(1); // remembers the meters as they are now
  return { w, linkPort, old, folder, stateFile, restoredAt: w.ctx.clock() };
}

type Struck = Awaited<ReturnType<typeof struck>>;

/** The same meters, with all that they remember, behind another device. */
function rewired({ w, linkPort, folder, stateFile }: Struck, device: { id: string; key: string }): Town {
  const meters = w.plan.meters.map((each) => ({ ...each, concentrator: device.id }));
  const plan: TownPlan = { ...w.plan, concentrators: [device], meters };
  const remembered = JSON.parse(readFileSync(stateFile, "utf8")) as TownState;
  const own = join(folder, `${device.id}.json`);
  writeFileSync(own, JSON.stringify({ ...remembered, plan: planName(plan) }));
  const bus = { baud: "instant", replyDelayMs: REPLY_DELAY_MS } as const;
  const town = createTown({ plan, speed: 1, stateFile: own, bus, now: w.ctx.clock });
  onTestFinished(() => town.close());
  town.dial({ host: "127.0.0.1", port: linkPort });
  return town;
}

/** Every meter of the archive has been read since an instant. */
const answered = (w: World, since: number) =>
  until(
    "every meter is read",
    async () => {
      const rows = await w.db.read.selectFrom("meter_state").select("index_at").execute();
      return rows.every((row) => row.index_at >= since);
    },
    FILLED_MS,
  );

const readingsOf = (w: World, register: number) =>
  w.db.read
    .selectFrom("reading")
    .innerJoin("meter", "meter.id", "reading.meter_id")
    .where("register", "=", register)
    .select(["meter.number", "measured_at", "value", "verdict", "received_at"])
    .execute();

/** `number@time=index` of what the meters themselves keep of the time without a line. */
function kept({ stateFile, restoredAt }: Struck): { hours: string[]; midnights: string[] } {
  const { meters } = JSON.parse(readFileSync(stateFile, "utf8")) as TownState;
  const of = (which: "records" | "freezes") =>
    Object.entries(meters).flatMap(([number, state]) =>
      (state[which] ?? [])
        .map(([minute, shown]) => ({ at: minute * MINUTE_MS, indexWh: shown * 10 }))
        .filter(({ at }) => at > START + HOUR_MS / 2 && at < restoredAt - HOUR_MS / 2)
        .map(({ at, indexWh }) => `${number}@${at}=${indexWh}`),
    );
  return { hours: of("records").sort(), midnights: of("freezes").sort() };
}

/** Waits until everything that the meters kept is stored: with the meter's own time, believed, once. */
async function expectFilled(s: Struck): Promise<void> {
  const { w, restoredAt } = s;
  const wanted = kept(s);
  expect(wanted.hours.length).toBeGreaterThan(0);
  for (const [register, expected] of [
    [registers.energyFrozen, wanted.midnights],
    [registers.energyRecorded, wanted.hours],
  ] as const) {
    const within = async () =>
      (await readingsOf(w, register)).filter(
        ({ measured_at: at }) => at > START + HOUR_MS / 2 && at < restoredAt - HOUR_MS / 2,
      );
    await until("what is missing", async () => (await within()).length >= expected.length, FILLED_MS);
    const stored = await within();
    expect(stored.map((row) => `${row.number}@${row.measured_at}=${row.value}`).sort()).toEqual(expected);
    expect(stored.every((row) => row.verdict === verdicts.indexOf("ok"))).toBe(true);
    expect(stored.every((row) => row.received_at >= restoredAt)).toBe(true);
  }
  expect(wanted.midnights.every((each) => each.includes(`@${MIDNIGHT}=`))).toBe(true);
  await w.settle();
  expect(await w.verify()).toMatchObject({ ok: true, sumE4: 0, problems: [] });
}

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`another concentrator for the same meters, on ${name}${why ? ` (${why})` : ""}`, () => {
    const meters = name === "sqlite" ? 300 : 30; // hundreds take minutes
    test(`${meters} meters answer through the new device, and their hours without a line are fetched with the meters' own time`, async () => {
      const s = await struck(name, meters);
      const { w, old, restoredAt } = s;
      const row = () => w.db.read.selectFrom("concentrator").selectAll().executeTakeFirstOrThrow();
      const { id, version } = await row();
      const replacing = { key: "new", code: "JC-NEW", linkKey: null, version, reason: "雷击损坏", ip };
      const made = await replaceConcentrator({ ...w.ctx, sealer: SEALER }, boss, {
        ...replacing,
        confirmed: true,
        id,
      });
      const device = rewired(s, { id: "JC-NEW", key: made.linkKey ?? "" });
      w.town.setConcentratorOffline(old.id, false); // the old one tries to come back
      await device.whenOnline();
      await answered(w, restoredAt);
      await expectFilled(s);
      await until("the new device is there, or there again", async () => (await row()).online === 1);
      expect(await row()).toMatchObject({ id, code: "JC-NEW" });
      expect(w.town.snapshot().concentrators).toMatchObject([{ id: old.id, online: false, offline: false }]);
    }, 400_000);

    test("meters that are moved one by one, before and after the new device is there, have all their hours too", async () => {
      const s = await struck(name, 12);
      const { w, restoredAt } = s;
      const meters = await w.db.read.selectFrom("meter").selectAll().orderBy("id").execute();
      const { area_id: areaId = 0 } = meters[0] ?? {};
      const adding = { key: "second", areaId, code: "JC-2", name: "二号", linkKind: "jichao", linkKey: null } as const;
      const made = await addConcentrator({ ...w.ctx, sealer: SEALER }, boss, { ...adding, ip });
      const move = async (some: typeof meters) => {
        for (const { id: meterId, bus, version } of some) {
          const place = { concentratorId: made.id, bus, gatewayId: null };
          await moveMeter(w.ctx, boss, { ...place, meterId, version, reason: "改接", ip });
        }
      };
      await move(meters.slice(0, 6));
      await rewired(s, { id: "JC-2", key: made.linkKey ?? "" }).whenOnline();
      await move(meters.slice(6));
      await answered(w, restoredAt);
      await expectFilled(s);
    }, 400_000);
  });
}
