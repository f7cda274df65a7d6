import { AppError } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { formatMoney, money, price } from "#base/units.ts";
import { judgeCredit } from "#domain/difference.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import { consume } from "#domain/lots.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { addLot, addOveruse, openLots, saveLots } from "#store/lots.ts";
import { claimMeterState } from "#store/meters.ts";
import { creditFacts, differenceById, endDifference } from "#store/reconcile.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { worth } from "./reconcile.ts";

type Asked = { id: string; version: number; reason: string; ip: string };

/** Ends a difference (差异) that a person can explain: nothing is booked, his reason stays. Found again, it is a new one. */
export async function explainDifference(ctx: FlowContext, actor: Actor, asked: Asked): Promise<void> {
  await end(ctx, actor, asked, "explained", async () => {});
}

/**
 * Corrects the books by what the meter shows: what it has too little is taken from its lots and written off, what it has too much becomes a
 * lot of its own. Looked at anew in the transaction: a difference that has changed or gone since is refused with `difference_changed`, one of which the meter's
 * own figures are not fresh and settled likewise. Only for the credit in a meter; nothing is sent to the meter.
 */
export async function correctDifference(ctx: FlowContext, actor: Actor, asked: Asked): Promise<void> {
  await end(ctx, actor, asked, "corrected", async (tx, difference, now) => {
    if (difference.kind !== "remaining" || difference.meter_id === null)
      throw new AppError("difference_not_correctable");
    await claimMeterState(tx, difference.meter_id);
    const facts = (await creditFacts(tx, difference.meter_id))[0];
    const [booksWh, meterWh] = [Number(facts?.books ?? 0), facts?.shown ?? 0];
    const isSame = facts !== undefined && booksWh === difference.expected && meterWh === difference.actual;
    if (!isSame || judgeCredit({ booksWh, meterWh, purchasesWh: [] }) === null)
      throw new AppError("difference_changed");
    const transferId = `correction:${difference.id}`;
    const common = { id: transferId, kind: "correction" as const, actor: actor.login, meterId: facts.meter_id };
    const credit: LedgerAccount = { kind: "meter_credit", ref: facts.meter_id };
    const writeOff: LedgerAccount = { kind: "write_off", ref: facts.project_id };
    await openLedgerAccounts(tx, [credit]);
    const memo = `${meterWh - booksWh} Wh: ${asked.reason}`.slice(0, 200);
    const at = price(facts.price_e4);
    if (meterWh > booksWh) {
      const amount = money(worth(meterWh - booksWh, at));
      const id = ctx.newId(now);
      const lot = { id, meterId: facts.meter_id, unitsWh: meterWh - booksWh, costE4: amount, orderNo: null, at: now };
      const revalued = await addLot(tx, lot);
      const value = money(amount - revalued);
      if (value !== 0)
        await bookTransfer(tx, postedTransfer({ ...common, from: writeOff, to: credit, amount: value, memo }), now);
    } else {
      const used = consume(await openLots(tx, facts.meter_id), booksWh - meterWh, at);
      await saveLots(tx, used.changed);
      if (used.overuseWh > 0) {
        const over = { meterId: facts.meter_id, wh: used.overuseWh, e4: used.overuseCost, at: now };
        await addOveruse(tx, { id: ctx.newId(now), ...over });
      }
      if (used.value > 0) {
        await bookTransfer(
          tx,
          postedTransfer({ ...common, from: credit, to: writeOff, amount: used.value, memo }),
          now,
        );
      }
    }
  });
}

type Difference = NonNullable<Awaited<ReturnType<typeof differenceById>>>;

async function end(
  ctx: FlowContext,
  actor: Actor,
  asked: Asked,
  state: "explained" | "corrected",
  book: (tx: Tx, difference: Difference, now: Instant) => Promise<void>,
): Promise<void> {
  if (asked.reason === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const difference = await differenceById(tx, actor.scope, asked.id);
    if (!difference) throw new AppError("difference_not_found");
    const transferId = state === "corrected" ? `correction:${asked.id}` : null;
    const { id, version } = asked;
    // Written before anything is decided: whoever comes second waits here, and finds it ended.
    if (
      !(await endDifference(tx, { id, version, state, by: actor.login, reason: asked.reason, at: now, transferId }))
    ) {
      const ended = await differenceById(tx, actor.scope, asked.id);
      // A second click, or a commit whose answer was lost.
      if (ended?.state === state && ended.ended_by === actor.login) return;
      throw new AppError(ended?.state === "open" ? "difference_changed" : "difference_ended");
    }
    await book(tx, difference, now);
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: state === "corrected" ? "reconcile.correct" : "reconcile.explain",
      object: `difference:${id}`,
      before: {
        kind: difference.kind,
        object: difference.object,
        expected: difference.expected,
        actual: difference.actual,
        value: formatMoney(money(difference.value_e4)),
      },
      after: { state, transferId },
      reason: asked.reason,
      ip: asked.ip,
    });
  });
}
