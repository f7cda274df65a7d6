import { afterAll, describe, expect, test } from "vitest";
import { formatMoney, money } from "#base/units.ts";
import { testDatabases } from "#store/test-databases.ts";
import { onFaultPoints } from "#system/fault-point.ts";
import { keepMembersRunning } from "./keep-running.ts";
import type { Building } from "./test-building.ts";
import { refusal } from "./test-refusal.ts";
import { type Rooms, rooms } from "./test-rooms.ts";

/** Steps of one random story; each does one thing, and then everything is counted. */
const STEPS = 120;

/** A small generator, so that a seed tells the whole story again. */
function dice(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { below, pick: <T>(list: readonly T[]): T => list[below(list.length)] as T };
}

/** What must hold after every step: the books balance, nobody's money is in an account that nobody uses, and meters hold what the books say. */
async function expectConserved(r: Rooms, told: string): Promise<void> {
  const accounts = await r.b.db.read.selectFrom("ledger_account").selectAll().execute();
  const of = (id: string) => accounts.find((row) => row.id === id)?.balance_e4 ?? 0;
  const members = await r.b.db.read.selectFrom("group_member").selectAll().execute();
  for (const member of members.filter((each) => each.state === "merged" || each.state === "unmerging")) {
    expect(of(`balance:${member.home_account_id}`), told).toBe(0);
    expect(of(`meter_credit:${member.meter_id}`), told).toBe(0);
  }
  const groups = await r.b.db.read.selectFrom("meter_group").selectAll().execute();
  for (const group of groups.filter((each) => each.state !== "active"))
    expect(of(`balance:${group.account_id}`), told).toBe(0);
  const { total } = await r.b.db.read
    .selectFrom("ledger_entry")
    .select((eb) => eb.fn.sum<number>("amount_e4").as("total"))
    .executeTakeFirstOrThrow();
  expect(Number(total ?? 0), told).toBe(0);
}

/** All is quiet: what single meters hold is what their lots say, to the last step. */
async function expectMetersAgree(r: Rooms, told: string): Promise<void> {
  const singles = await r.b.db.read
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .select(["meter.id", "meter_state.purchase_count"])
    .where("account.credit_at", "=", "meter")
    .where("meter.mode", "=", "prepaid")
    .execute();
  for (const single of singles) {
    const lots = await r.b.db.read.selectFrom("credit_lot").selectAll().where("meter_id", "=", single.id).execute();
    const held = lots.reduce((sum, lot) => sum + lot.units_wh - lot.used_wh, 0);
    const value = lots.reduce((sum, lot) => sum + lot.cost_e4 - lot.used_e4, 0);
    const it = r.hand.meter(single.id);
    expect(
      Math.abs(it.creditWh - held),
      `${told}: meter ${single.id} holds ${it.creditWh}, books ${held}`,
    ).toBeLessThan(100);
    expect(await r.account("meter_credit", single.id), told).toBe(value);
    expect(single.purchase_count, told).toBe(it.count);
  }
}

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`merged accounts by chance on ${name}${why ? ` (${why})` : ""}`, () => {
    const open: Building[] = [];
    const house = async (): Promise<Rooms> => {
      const made = await rooms(name);
      open.push(made.b);
      return made;
    };
    afterAll(async () => {
      onFaultPoints(null);
      for (const b of open) await b.db.drop();
    });

    test("whatever is merged, used, paid and taken out, no fen is lost or made, and shares are exactly the balance", async () => {
      const seed = Number(process.env.JICHAO_SEED ?? (name === "sqlite" ? 20261126 : 20261127));
      console.log(`merged accounts on ${name}: seed ${seed}, ${STEPS} steps`);
      await story(await house(), seed, () => {});
    }, 240_000);

    test("a program that dies at any point of it leaves nothing half done", async () => {
      const seed = Number(process.env.JICHAO_SEED ?? (name === "sqlite" ? 20261128 : 20261129));
      console.log(`merged accounts with crashes on ${name}: seed ${seed}, ${STEPS} steps`);
      const chance = dice(seed ^ 0x5bd1e995);
      let died = 0;
      await story(await house(), seed, (armed) =>
        onFaultPoints(
          armed
            ? (point) => {
                if (!/^(merge|join-group|unmerge|leave-group|settle-command|settle-usage|recharge):/.test(point))
                  return;
                if (chance.below(4) !== 0) return;
                died++;
                throw new Error(`died at ${point}`);
              }
            : null,
        ),
      );
      expect(died).toBeGreaterThan(5);
    }, 240_000);

    test("races: a recharge while merging, two merges of one meter, an un-merge while it is settled", async () => {
      const r = await house();
      const before = await r.theirs();
      const raced = await Promise.all([
        refusal(r.merge(r.c, [r.w])),
        refusal(r.merge(r.a, [r.w])),
        refusal(r.merge(r.bb, [r.w])),
        refusal(r.pay(r.w, "10")),
        refusal(r.pay(r.w, "10")),
      ]);
      expect(raced.slice(0, 3).filter((each) => each === "nothing")).toHaveLength(1);
      await r.round();
      await r.round();
      const paid = raced.slice(3).filter((each) => each === "nothing").length;
      expect(await r.theirs()).toBe(before + paid * 100_000);
      const { group_no: groupNo } = await r.member(r.w);
      r.hand.use(r.w, 1_000);
      r.pass();
      await r.hand.readAll();
      const [unmerged, paidMain] = await Promise.all([
        refusal(r.unmerge(groupNo, [{ meterId: r.w, amount: "5" }])),
        refusal(r.pay((await r.group(groupNo)).main_meter_id, "20")),
        r.b.settle(),
        r.b.settle(),
      ]);
      expect(unmerged).toBe("nothing");
      await r.round();
      await r.round();
      expect((await r.group(groupNo)).state).toBe("dissolved");
      expect(await r.theirs()).toBe(before + paid * 100_000 + (paidMain === "nothing" ? 200_000 : 0) - 35_000);
      await r.sound();
    });
  });
}

/** One random story. `arm` switches crashes on for the step itself and off for what looks at it afterwards. */
async function story(r: Rooms, seed: number, arm: (on: boolean) => void): Promise<void> {
  const { below, pick } = dice(seed);
  const his = [r.a, r.bb, r.c, r.w];
  let paidE4 = 0;
  let usedE4 = 0;
  const opening = await r.theirs();
  const revenue = async () => {
    const { total } = await r.b.db.read
      .selectFrom("ledger_entry")
      .where("account_id", "like", "revenue:%")
      .select((eb) => eb.fn.sum<number>("amount_e4").as("total"))
      .executeTakeFirstOrThrow();
    return Number(total ?? 0);
  };
  const activeGroup = async () =>
    (await r.b.db.read.selectFrom("meter_group").selectAll().where("state", "=", "active").execute()).at(0);
  const deeds: Record<string, () => Promise<unknown>> = {
    use: async () => r.hand.use(pick(his), below(3_000)),
    merge: async () => {
      const main = (await activeGroup())?.main_meter_id ?? pick(his);
      return r.merge(
        main,
        his.filter((id) => id !== main && below(2) === 0),
      );
    },
    pay: () => r.pay(pick(his), formatMoney(money((1 + below(5_000)) * 100))),
    unmerge: async () => {
      const group = await activeGroup();
      if (!group) return;
      const balance = await r.balance(group.group_no);
      const members = await r.b.db.read
        .selectFrom("group_member")
        .select("meter_id")
        .where("group_no", "=", group.group_no)
        .where("open_meter_id", "is not", null)
        .where("is_main", "=", 0)
        .execute();
      const subs = members.map((row) => row.meter_id).filter(() => below(3) > 0);
      const each = Math.trunc(balance / Math.max(1, subs.length) / 100 / (1 + below(3)));
      const sign = each < 0 ? "-" : "";
      const amount = `${sign}${formatMoney(money(Math.abs(each) * 100))}`;
      return r.unmerge(
        group.group_no,
        subs.map((meterId) => ({ meterId, amount })),
      );
    },
    line: async () => {
      const it = r.hand.meter(pick(his));
      it.offline = below(4) === 0;
    },
    refuse: async () => {
      r.hand.meter(pick(his)).refuses = below(3) === 0;
    },
    fill: () => keepMembersRunning(r.b.ctx),
    round: () => r.round(60_000 + below(600_000)),
  };
  const weighed = [
    "use",
    "use",
    "use",
    "merge",
    "merge",
    "pay",
    "pay",
    "unmerge",
    "unmerge",
    "line",
    "refuse",
    "fill",
    "round",
    "round",
    "round",
  ];
  await r.merge(r.a, [r.bb, r.c, r.w]);
  await r.round(60_000);
  for (let step = 0; step < STEPS; step++) {
    const deed = pick(weighed);
    r.pass(1_000);
    arm(true);
    const outcome = await refusal(deeds[deed]?.() ?? Promise.resolve());
    arm(false);
    const told = `seed ${seed}, step ${step}: ${deed} ${outcome}`;
    expect(outcome, told).not.toMatch(/AssertionError|TypeError|assert/);
    await expectConserved(r, told);
  }
  for (const id of his) Object.assign(r.hand.meter(id), { offline: false, refuses: false });
  for (let i = 0; i < 6; i++) await r.round(10 * 60_000);
  // In the end everybody goes home.
  const last = await activeGroup();
  if (last) {
    const all = await r.b.db.read
      .selectFrom("group_member")
      .select("meter_id")
      .where("open_meter_id", "is not", null)
      .where("is_main", "=", 0)
      .execute();
    await r.unmerge(
      last.group_no,
      all.map((row) => ({ meterId: row.meter_id, amount: "0" })),
    );
  }
  for (let i = 0; i < 6; i++) await r.round(10 * 60_000);
  expect(await activeGroup(), `seed ${seed}`).toBeUndefined();
  const orders = await r.b.db.read.selectFrom("payment").select("amount_e4").execute();
  paidE4 = orders.reduce((sum, row) => sum + row.amount_e4, 0);
  usedE4 = await revenue();
  expect(await r.theirs(), `seed ${seed}`).toBe(opening + paidE4 - usedE4);
  const pending = await r.b.db.read
    .selectFrom("ledger_transfer")
    .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_transfer.id")
    .select("ledger_transfer.id")
    .where("ledger_transfer.pending", "=", 1)
    .where("ledger_resolution.transfer_id", "is", null)
    .execute();
  expect(pending, `seed ${seed}`).toEqual([]);
  await expectMetersAgree(r, `seed ${seed}`);
  await r.sound();
  const ways = await r.b.db.read.selectFrom("group_member").select(["state", "home_credit_at"]).execute();
  const joined = ways.filter((row) => row.state !== "withdrawn");
  console.log(`seed ${seed}: ${joined.length} joined, ${ways.filter((row) => row.state === "left").length} left again`);
  expect(joined.length, `seed ${seed}`).toBeGreaterThan(0);
  expect(ways.filter((row) => row.state === "left").length, `seed ${seed}`).toBeGreaterThan(0);
}
