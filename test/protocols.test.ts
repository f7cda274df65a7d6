import { describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { RESTART_QUARANTINE_MS } from "#flows/off-guard.ts";
import { recordReadings } from "#flows/record-readings.ts";
import { mixedTownPlan } from "#simulator/mixed-town.ts";
import { type MeterPlan, type TownPlan, townPlan } from "#simulator/plan.ts";
import { testDatabases } from "#store/test-databases.ts";
import { until } from "./until.ts";
import { type World, world } from "./world.ts";

/** Where the meters of the stories come from. */
const TOWN = townPlan({ seed: 1, concentrators: 1, metersPer: 15 });

type Wanted = Partial<Pick<MeterPlan, "profile" | "creditAt" | "kind">>;

/** The first meter of that sort. */
function meterOf(w: World, wanted: Wanted): MeterPlan {
  const found = w.plan.meters.find((meter) => isOf(meter, wanted));
  if (!found) throw new Error(`no meter of the sort ${JSON.stringify(wanted)}`);
  return found;
}

async function isRead(w: World, plan: MeterPlan): Promise<void> {
  await until(`${plan.label} was read`, async () => (await w.meterAt(plan.label)).relay_at > 0);
}

/** Uses up an account by two readings on which arrears rest, while the meter cannot be heard, and lets time pass behind them. */
async function runOut(w: World, plan: MeterPlan): Promise<number> {
  await w.db.transact((tx) =>
    tx.updateTable("meter").set({ power_max_w: 1_000_000_000_000 }).where("number", "=", plan.number).execute(),
  );
  await isRead(w, plan);
  w.town.setMeterOffline(plan.number, true);
  w.letPass(RESTART_QUARANTINE_MS);
  const { id, index_wh } = await w.meterAt(plan.label);
  for (const step of [400_000, 400_001]) {
    w.letPass(11_000);
    await recordReadings(w.ctx, {
      collector: "test",
      reports: [{ meterId: id, measuredAt: w.ctx.clock(), values: { energyWh: (index_wh ?? 0) + step } }],
      silences: [],
      frames: [],
    });
    await w.settle();
  }
  w.town.setMeterOffline(plan.number, false);
  return id;
}

/** A town of the first meter of each of these sorts: few meters, so that every round is quick. */
function only(...sorts: Wanted[]): { plan: TownPlan } {
  const meters = sorts.flatMap((sort) => TOWN.meters.filter((meter) => isOf(meter, sort)).slice(0, 1));
  return { plan: { ...TOWN, meters } };
}

function isOf(meter: MeterPlan, sort: Wanted): boolean {
  return Object.entries(sort).every(([name, value]) => meter[name as keyof Wanted] === value);
}

/** The relays of 1997 are of the make that nobody has told the status word of. */
function unproven(): TownPlan {
  const { plan } = only({ profile: "jc97", creditAt: "server" });
  return { ...plan, meters: plan.meters.map((meter) => ({ ...meter, profile: "sf97" })) };
}

/** A meter of 1997 has got the address of one of 2007 on its bus. */
function twins(): TownPlan {
  const { plan } = only({ profile: "jc1", creditAt: "server" }, { profile: "jc97", creditAt: "server" });
  const [one, other] = plan.meters;
  if (!one || !other) throw new Error("no two meters to be twins");
  return { ...plan, meters: [one, { ...other, address: one.address }] };
}

/** The same meter in another house. */
function renamed(meter: MeterPlan, i: number): MeterPlan {
  const { number, label, customerNumber } = meter;
  const account = `3${i}${customerNumber.slice(2)}`;
  return { ...meter, number: `${number}-${i}`, label: `${label} ${i}`, customerNumber: account, tenant: account };
}

const commandsOf = (w: World, meterId: number, kind: "trip" | "close") =>
  w.db.read
    .selectFrom("command")
    .selectAll()
    .where("meter_id", "=", meterId)
    .where("kind", "=", kind)
    .orderBy("created_at")
    .execute();

const eventsOf = async (w: World, meterId: number) =>
  (await w.db.read.selectFrom("meter_event").select("kind").where("meter_id", "=", meterId).execute()).map(
    (event) => event.kind,
  );

/** What pays for what was used up, and more. */
const ENOUGH = "9000";

/** Models that hold what was bought. */
const HOLDERS = [
  { profile: "jc97", creditAt: "meter" },
  { profile: "jc188", creditAt: "meter" },
] as const;

describe.each(testDatabases)("meters of every protocol on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on("are read as their registers show, side by side on one bus", async () => {
    const profiles = ["jc1", "jc97", "cjt188-2004-water", "cjt188-2018-water", "jc188"];
    const w = await world({ database: name, ...only(...profiles.map((profile) => ({ profile }))) });
    for (const profile of profiles) {
      const plan = meterOf(w, { profile });
      await isRead(w, plan);
      const truth = w.town.meter(plan.number);
      const known = await w.meterAt(plan.label);
      expect(Math.abs((known.index_wh ?? 0) - (truth?.indexWh ?? 0)), profile).toBeLessThan(20);
      expect(known.relay, profile).toBe(truth?.relay);
      expect(known.silent_rounds, profile).toBe(0);
    }
  });

  on.each([
    { what: "of 1997", wanted: { profile: "jc97", creditAt: "server" } as const },
    { what: "for water of 2004", wanted: { profile: "cjt188-2004-water" } as const },
    { what: "for water of 2018", wanted: { profile: "cjt188-2018-water" } as const },
  ])("$what are charged, cut off for arrears by what they show, and come back with a payment", async ({ wanted }) => {
    const w = await world({ database: name, ...only(wanted) });
    const plan = meterOf(w, wanted);
    const id = await runOut(w, plan);
    await until("it is off", async () => (await w.meterAt(plan.label)).off_cause === "arrears");
    const [trip] = await commandsOf(w, id, "trip");
    await until("proved", async () => (await w.commandNow(trip?.id ?? "")).state === "confirmed");
    expect(w.town.meter(plan.number)?.relay).toBe("open");
    const evidence = await w.db.read.selectFrom("off_evidence").selectAll().where("meter_id", "=", id).execute();
    expect(evidence).toMatchObject([{ command_id: trip?.id, evaluations: 2 }]);

    const orderNo = await w.recharge(id, ENOUGH);
    await until("it is on again", async () => (await w.order(orderNo)).reconnection === "closed");
    expect(w.town.meter(plan.number)?.relay).toBe("closed");
    expect(await w.meterAt(plan.label)).toMatchObject({ relay: "closed", off_cause: null });
    expect(await commandsOf(w, id, "trip")).toHaveLength(1);
    expect((await w.verify()).problems).toEqual([]);
  });

  on.each([
    { profile: "jc97", amounts: ["40", "25"] },
    { profile: "jc188", amounts: ["20", "30"] },
  ])("of profile $profile take bought units exactly once, on a bad line too", async ({ profile, amounts }) => {
    const w = await world({ database: name, ...only({ profile, creditAt: "meter" }) });
    const plan = meterOf(w, { profile, creditAt: "meter" });
    await isRead(w, plan);
    const { id } = await w.meterAt(plan.label);
    w.town.setFaults({ meters: { [plan.number]: { loseAnswer: 0.25, loseRequest: 0.1, duplicate: 0.3 } } });
    const orders: string[] = [];
    for (const amount of amounts) orders.push(await w.recharge(id, amount));
    for (const orderNo of orders) {
      await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    }
    w.town.setFaults({ meters: {} });
    const sold = await Promise.all(orders.map(async (orderNo) => (await w.order(orderNo)).unitsWh / 10));
    expect(w.town.meter(plan.number)?.topUps).toEqual(sold.map((amount, i) => ({ count: i + 1, amount })));
    expect((await w.meterAt(plan.label)).purchase_count).toBe(2);
    expect((await w.verify()).problems).toEqual([]);
  });

  on("that hold their credit and are empty come back with a top-up, over 1997 and over a valve", async () => {
    const w = await world({ database: name, ...only(...HOLDERS) });
    for (const { profile } of HOLDERS) {
      const plan = meterOf(w, { profile, creditAt: "meter" });
      await isRead(w, plan);
      w.town.setCredit(plan.number, 0);
      await until("it is empty", async () => (await w.meterAt(plan.label)).off_cause === "arrears");
      const { id } = await w.meterAt(plan.label);
      const orderNo = await w.recharge(id, "50");
      await until("it is on again", async () => (await w.order(orderNo)).reconnection === "closed");
      expect(w.town.meter(plan.number)?.relay, profile).toBe("closed");
    }
    expect((await w.verify()).problems).toEqual([]);
  });

  on("that show another purchase number than the books get nothing more until a person has looked", async () => {
    const w = await world({ database: name, ...only(...HOLDERS) });
    for (const { profile } of HOLDERS) {
      const plan = meterOf(w, { profile, creditAt: "meter" });
      const { id } = await w.meterAt(plan.label);
      await w.db.transact((tx) =>
        tx.updateTable("meter_state").set({ purchase_count: 3 }).where("meter_id", "=", id).execute(),
      );
      const orderNo = await w.recharge(id, "50");
      await until("stopped", async () => (await w.order(orderNo)).state === "stopped");
      expect(await w.order(orderNo)).toMatchObject({ stateReason: "count_mismatch" });
      expect(w.town.meter(plan.number)?.topUps, profile).toEqual([]);
      const refused = await w.recharge(id, "50").catch((error: unknown) => error);
      expect((refused as AppError).code, profile).toBe("top_ups_stopped");
    }
  });

  on(
    "are understood over a plain DTU and a terminal as well, where only the bytes tell the end of an answer",
    async () => {
      const { plan } = only({ profile: "jc97", creditAt: "server" }, { profile: "cjt188-2018-water" });
      const mixed = mixedTownPlan({ seed: 1, concentrators: 1, metersPer: 1, heartbeatMs: 500 });
      const others = mixed.concentrators.filter((each) => each.link !== undefined);
      const meters = others.flatMap((concentrator, i) => {
        const at = { concentrator: concentrator.id, port: 1 };
        return plan.meters.map((meter) => renamed({ ...meter, ...at }, i));
      });
      const w = await world({ database: name, plan: { ...mixed, meters } });
      expect(meters).toHaveLength(4);
      for (const meter of meters) {
        await isRead(w, meter);
        const trip = await w.command((await w.meterAt(meter.label)).id, "trip");
        await until(`${meter.label} is off`, async () => (await w.commandNow(trip)).state === "confirmed");
        expect(w.town.meter(meter.number)?.relay, meter.label).toBe("open");
      }
    },
  );

  on("whose model cannot be topped up exactly once sell no units, and say so", async () => {
    const w = await world({ database: name, ...only({ profile: "cjt188-2004-water" }), collector: false });
    const plan = meterOf(w, { profile: "cjt188-2004-water" });
    const { id, account_id } = await w.meterAt(plan.label);
    await w.db.transact((tx) =>
      tx.updateTable("account").set({ credit_at: "meter" }).where("id", "=", account_id).execute(),
    );
    const refused = await w.recharge(id, "50").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AppError);
    expect((refused as AppError).code).toBe("profile_without_top_up");
    expect(await w.db.read.selectFrom("recharge_order").selectAll().execute()).toEqual([]);
  });

  on("that are asked in another protocol stay silent, and change nothing", async () => {
    const sorts: Wanted[] = [
      { profile: "jc97", creditAt: "meter" },
      { profile: "jc1", creditAt: "server" },
      { profile: "cjt188-2004-water" },
      { profile: "cjt188-2018-water" },
    ];
    const w = await world({ database: name, ...only(...sorts), collector: false });
    const wrong = [
      [meterOf(w, { profile: "jc97", creditAt: "meter" }), "jc1"],
      [meterOf(w, { profile: "jc1", creditAt: "server" }), "jc97"],
      [meterOf(w, { profile: "cjt188-2004-water" }), "cjt188-2018-water"],
      [meterOf(w, { profile: "cjt188-2018-water" }), "cjt188-2004-water"],
    ] as const;
    const before = wrong.map(([plan]) => w.town.meter(plan.number)?.relay);
    for (const [plan, profile] of wrong) {
      await w.db.transact((tx) => tx.updateTable("meter").set({ profile }).where("number", "=", plan.number).execute());
    }
    await w.startCollector();
    const trips = [];
    for (const [plan] of wrong) trips.push(await w.command((await w.meterAt(plan.label)).id, "trip"));
    for (const [plan] of wrong) {
      await until(`${plan.label} is silent`, async () => (await w.meterAt(plan.label)).silent_rounds > 0);
      expect((await w.meterAt(plan.label)).last_answer_at).toBe(0);
    }
    for (const trip of trips) {
      await until("not known", async () => (await w.commandNow(trip)).stateReason === "no_answer");
      expect((await w.commandNow(trip)).state).toBe("unknown");
    }
    expect(wrong.map(([plan]) => w.town.meter(plan.number)?.relay)).toEqual(before);
  });
});

describe.each(testDatabases)("a switch that proves nothing on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on(
    "a valve that reports a fault is shown and taken for neither done nor undone, until it works again",
    async () => {
      const w = await world({ database: name, ...only({ kind: "water" }) });
      const plan = meterOf(w, { kind: "water" });
      await isRead(w, plan);
      const { id } = await w.meterAt(plan.label);
      w.town.setValveFault(plan.number, true);
      await until("the fault is seen", async () => (await w.meterAt(plan.label)).switch_fault === 1);
      expect(await w.meterAt(plan.label)).toMatchObject({ relay: null });
      const trip = await w.command(id, "trip");
      await until("not known", async () => (await w.commandNow(trip)).stateReason === "valve_fault");
      expect((await w.commandNow(trip)).state).toBe("unknown");
      expect(w.town.meter(plan.number)?.relay).toBe("closed");
      w.town.setValveFault(plan.number, false);
      w.letPass(60_000);
      await until("it was sent again and proved", async () => (await w.commandNow(trip)).state === "confirmed");
      expect(w.town.meter(plan.number)?.relay).toBe("open");
      expect(await eventsOf(w, id)).toEqual(expect.arrayContaining(["valve_fault", "valve_repaired"]));
    },
    60_000,
  );

  on("a model whose relay cannot be read is told once; nobody claims that it happened", async () => {
    const w = await world({ database: name, plan: unproven() });
    const plan = meterOf(w, { profile: "sf97", creditAt: "server" });
    await isRead(w, plan);
    const { id } = await w.meterAt(plan.label);
    const trip = await w.command(id, "trip");
    await until("told", async () => (await w.commandNow(trip)).state === "stopped");
    expect(await w.commandNow(trip)).toMatchObject({ stateReason: "unproven", attempts: 1 });
    expect(w.town.meter(plan.number)?.relay).toBe("open");
    expect(await w.meterAt(plan.label)).toMatchObject({ relay: null, relay_commanded: "open" });
    expect(await eventsOf(w, id)).toContain("command_unproven");
  });

  on("a model whose relay cannot be read is never cut off by the system", async () => {
    const w = await world({ database: name, plan: unproven() });
    const plan = meterOf(w, { profile: "sf97", creditAt: "server" });
    const id = await runOut(w, plan);
    expect(await commandsOf(w, id, "trip")).toEqual([]);
    expect(await eventsOf(w, id)).toContain("arrears");
    expect(w.town.meter(plan.number)?.relay).toBe("closed");
  });
});

describe.each(testDatabases)("one address on one bus in two protocols on $name", ({ name, available }) => {
  test.skipIf(!available)("means two meters that never answer for each other", async () => {
    const w = await world({ database: name, plan: twins() });
    const [older, newer] = [w.plan.meters.at(-1), meterOf(w, { profile: "jc1", creditAt: "server" })];
    if (!older) throw new Error("a town has meters");
    expect(older).toMatchObject({ profile: "jc97", address: newer.address, port: newer.port });
    await isRead(w, older);
    await isRead(w, newer);
    for (const plan of [older, newer]) {
      const truth = w.town.meter(plan.number);
      expect(Math.abs(((await w.meterAt(plan.label)).index_wh ?? 0) - (truth?.indexWh ?? 0))).toBeLessThan(20);
    }
    const trip = await w.command((await w.meterAt(older.label)).id, "trip");
    await until("tripped", async () => (await w.commandNow(trip)).state === "confirmed");
    expect(w.town.meter(older.number)?.relay).toBe("open");
    expect(w.town.meter(newer.number)?.relay).toBe("closed");
  });
});
