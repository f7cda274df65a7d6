import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { claimCommands } from "./claim-commands.ts";
import type { ClaimedCommand } from "./claimed-command.ts";
import { recordReadings } from "./record-readings.ts";
import { markSent, settleCommand } from "./settle-command.ts";
import type { Building } from "./test-building.ts";

/** A meter as a test turns it by hand: its register, and its own counter where it has one. */
export type HandMeter = {
  readonly id: number;
  readonly counts: boolean;
  indexWh: number;
  creditWh: number;
  count: number;
  relayOpen: boolean;
  offline: boolean;
  /** Refuses the next credit command for good. */
  refuses: boolean;
};

const WH_PER_STEP = 10;

/** Meters of a building, turned by hand, and what carries commands to them. */
export async function handMeters(b: Building) {
  const rows = await b.db.read
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .select(["meter.id", "account.credit_at", "meter_state.index_wh"])
    .orderBy("meter.id")
    .execute();
  const lots = await b.db.read.selectFrom("credit_lot").select(["meter_id", "units_wh"]).execute();
  const meters = new Map<number, HandMeter>(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        counts: row.credit_at === "meter",
        indexWh: row.index_wh ?? 0,
        creditWh: lots.filter((lot) => lot.meter_id === row.id).reduce((sum, lot) => sum + lot.units_wh, 0),
        count: 0,
        relayOpen: false,
        offline: false,
        refuses: false,
      },
    ]),
  );
  await b.db.transact(async (tx) => {
    await tx.updateTable("concentrator").set({ owner: "hand", epoch: 1, lease_until: 9e15, online: 1 }).execute();
  });
  const { id: concentrator } = await b.db.read.selectFrom("concentrator").select("id").executeTakeFirstOrThrow();

  const meter = (id: number): HandMeter => {
    const found = meters.get(id);
    assert(found !== undefined, `meter ${id} is turned by hand`);
    return found;
  };

  /** Lets a meter use so much; its own counter falls with its register. Nothing flows through an open relay. */
  function use(id: number, usedWh: number): void {
    const it = meter(id);
    if (it.relayOpen) return;
    const flows = it.counts ? Math.max(0, Math.min(usedWh, it.creditWh)) : usedWh;
    it.indexWh += flows;
    if (it.counts) it.creditWh -= flows;
    if (it.counts && it.creditWh <= 0) it.relayOpen = true;
  }

  /** Reads all meters that answer, at the building's time. */
  async function readAll(): Promise<void> {
    const at = b.ctx.clock();
    for (const it of meters.values()) if (!it.offline) await read(it, at);
  }

  async function read(it: HandMeter, at: Instant): Promise<void> {
    const own = it.counts ? { remainingWh: it.creditWh, purchaseCount: it.count } : {};
    const values = { energyWh: it.indexWh, relayOpen: it.relayOpen, ...own };
    const reports = [{ meterId: it.id, measuredAt: at, values }];
    await recordReadings(b.ctx, { collector: "hand", reports, silences: [], frames: [] });
  }

  async function carryOut(claimed: ClaimedCommand): Promise<void> {
    const it = meter(claimed.meterId);
    if (it.offline) return void (await settleCommand(b.ctx, claimed, { kind: "silent" }));
    if (claimed.topUp === null) {
      const marked = await markSent(b.ctx, claimed, () => "00");
      if (!marked.ok) return;
      it.relayOpen = claimed.kind === "trip";
      return void (await settleCommand(b.ctx, claimed, { kind: "confirmed", result: {} }));
    }
    const before = await settleCommand(b.ctx, claimed, { kind: "read_back", count: it.count });
    if (before !== "send") return;
    const marked = await markSent(b.ctx, claimed, (n) => String(n).padStart(8, "0"));
    if (!marked.ok) return;
    if (it.refuses) {
      it.refuses = false;
      const codes = ["customer-mismatch"];
      return void (await settleCommand(b.ctx, claimed, { kind: "refused", reason: "customer-mismatch", codes }));
    }
    const { act, amount } = claimed.topUp;
    const beforeWh = it.creditWh;
    // The same purchase number twice changes nothing, as in the meter itself.
    if (marked.purchaseNumber === it.count + 1) {
      it.count++;
      it.creditWh += (act === "top_up" ? 1 : -1) * amount * WH_PER_STEP;
    }
    await read(it, b.ctx.clock());
    await settleCommand(b.ctx, claimed, { kind: "read_back", count: it.count, remainingWh: it.creditWh, beforeWh });
  }

  /** Carries out what waits, until nothing moves any more. */
  async function pump(): Promise<void> {
    for (let rounds = 0; rounds < 20; rounds++) {
      const input = { collector: "hand", concentrators: [{ id: concentrator, epoch: 1 }], limit: 50 };
      const claimed = await claimCommands(b.ctx, input);
      if (claimed.length === 0) return;
      for (const each of claimed) await carryOut(each);
    }
  }

  return { meter, use, readAll, pump };
}
