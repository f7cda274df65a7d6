import { expect } from "vitest";
import { type Day, HOUR_MS, type Instant, later, startOfDay } from "#base/time.ts";
import type { Actor } from "#domain/permission.ts";
import { balanceOf } from "#store/ledger.ts";
import { newId } from "#system/ids.ts";
import { requestMerge } from "./merge.ts";
import { recharge } from "./recharge.ts";
import { boss, building } from "./test-building.ts";
import { handMeters } from "./test-hand-meter.ts";
import { requestUnmerge } from "./unmerge.ts";

/** When the rooms are taken into use. */
export const OPENED: Instant = later(startOfDay("2026-08-03" as Day), 10 * HOUR_MS);
const wang = (n: number) => ({ name: "王先生", phone: "13800000001", number: `20000000000${n}`, code: "K1" });
/**
 * A customer with three rooms: electricity that counts its credit itself (a, b), on the server (c), water on the server (w);
 * a stranger's meter and a public one beside them. All are turned by hand.
 */
export async function rooms(name: "sqlite" | "mariadb") {
  const archives: Parameters<typeof building>[2] = [
    { label: "A座-1", creditAt: "meter", customer: wang(1), openingCreditWh: 80_000, priceE4: 7_500 },
    { label: "A座-2", creditAt: "meter", customer: wang(2), openingCreditWh: 20_000, priceE4: 8_000 },
    { label: "A座-3", creditAt: "server", customer: wang(3), openingCreditWh: 50_000 },
    {
      label: "A座-3水",
      number: "10000000000004",
      address: "10000000000004",
      creditAt: "server",
      customer: wang(4),
      openingCreditWh: 10_000,
      kind: "water",
      profile: "cjt188-2018-water",
      switchKind: "valve",
      priceE4: 35_000,
    },
    { label: "A座-9", creditAt: "server" },
    { label: "A座-8", creditAt: "meter", mode: "public", customer: wang(8) },
  ];
  // What they use here in one leap would take them hours.
  const b = await building(
    name,
    OPENED,
    archives.map((each) => ({ ...each, powerMaxW: 1_000_000_000 })),
  );
  const [a = 0, bb = 0, c = 0, w = 0, stranger = 0, publicMeter = 0] = b.meters;
  const hand = await handMeters(b);
  let now = OPENED;
  const pass = (ms = 20 * 1000) => {
    now = later(now, ms);
    b.at(now);
  };
  const round = async (ms?: number) => {
    pass(ms);
    await hand.readAll();
    await b.settle();
    await hand.pump();
  };
  const merge = (mainMeterId: number, meterIds: number[], over: { key?: string; actor?: Actor } = {}) => {
    pass(1);
    return requestMerge(b.ctx, over.actor ?? boss, {
      key: over.key ?? newId(now),
      mainMeterId,
      meterIds,
      reason: "一户多房",
      ip: "",
    });
  };
  const unmerge = (groupNo: string, shares: { meterId: number; amount: string }[], key = newId(now)) =>
    requestUnmerge(b.ctx, boss, { key, groupNo, shares, reason: "分开管理", ip: "" });
  const pay = (meterId: number, amount: string, actor = boss) =>
    recharge(b.ctx, actor, { key: newId(now), meterId, amount, channel: "cash", note: "", ip: "" });
  const member = (meterId: number) =>
    b.db.read
      .selectFrom("group_member")
      .selectAll()
      .where("meter_id", "=", meterId)
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirstOrThrow();
  const group = (groupNo: string) =>
    b.db.read.selectFrom("meter_group").selectAll().where("group_no", "=", groupNo).executeTakeFirstOrThrow();
  const balance = async (groupNo: string) =>
    (await balanceOf(b.db.read, { kind: "balance", ref: (await group(groupNo)).account_id })).posted;
  const account = async (kind: "meter_credit" | "balance" | "wallet" | "debt", ref: number) =>
    (await balanceOf(b.db.read, { kind, ref })).posted;
  /** All that is the customers', whatever account it is in. */
  const theirs = async () => {
    const rows = await b.db.read.selectFrom("ledger_account").select("balance_e4").execute();
    return rows.reduce((sum, row) => sum + row.balance_e4, 0);
  };
  const sound = async () => expect((await b.verify()).problems).toEqual([]);
  await round();
  return {
    b,
    hand,
    a,
    bb,
    c,
    w,
    stranger,
    publicMeter,
    round,
    pass,
    merge,
    unmerge,
    pay,
    member,
    group,
    balance,
    account,
    theirs,
    sound,
  };
}
/** What {@link rooms} makes. */
export type Rooms = Awaited<ReturnType<typeof rooms>>;
