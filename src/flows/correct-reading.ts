import { AppError, assert } from "#base/errors.ts";
import { dayOf, type Instant, instant } from "#base/time.ts";
import { formatUnits, wh } from "#base/units.ts";
import type { CorrectionRequest } from "#contract/doubts.ts";
import type { Actor } from "#domain/permission.ts";
import { registers, type Verdict, verdictCode } from "#domain/reading.ts";
import { isRollover, REGISTER_SPAN_WH, usedBetween } from "#domain/settlement.ts";
import { addAudit } from "#store/audit.ts";
import { askRecheck } from "#store/days.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { lineSince } from "#store/line-breaks.ts";
import { changeMeterState, claimMeterState, type MeterStateChange } from "#store/meters.ts";
import { insertIgnore } from "#store/portable.ts";
import { doubtedSince, goodNeighbours, meterToCorrect, readingAt } from "#store/reading-corrections.ts";
import type { ReadingCorrectionTable } from "#store/schema-days.ts";
import type { MeterStateTable } from "#store/schema-readings.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { takeBackUsage } from "./take-back-usage.ts";

/** What a correction came to. */
export type Corrected = { indexWh: number | null; takenBackWh: number };
type Meter = NonNullable<Awaited<ReturnType<typeof meterToCorrect>>>;
type Asked = CorrectionRequest & { ip: string; meterId: number };

/**
 * A person decides about a reading (更正读数): it is right after all, counts for nothing, should have been something else, or the
 * register begins anew there. Readings stay as they are; the decision is a row beside them, and settlement and days follow. What had been
 * charged beyond the true index is booked back. The same key again changes nothing.
 */
export async function correctReading(ctx: FlowContext, actor: Actor, asked: Asked): Promise<Corrected> {
  const { meterId, measuredAt, decision } = asked;
  const requestHash = sha256Hex(JSON.stringify([meterId, measuredAt, decision, asked.value]));
  const done = await decide(ctx.db, async (tx) => {
    const meter = await meterToCorrect(tx, actor.scope, meterId);
    if (!meter) throw new AppError("meter_not_found");
    const state = await claimMeterState(tx, meterId);
    const earlier = await tx
      .selectFrom("reading_correction")
      .select("request_hash")
      .where("idem_key", "=", asked.key)
      .executeTakeFirst();
    if (earlier) {
      if (earlier.request_hash !== requestHash) throw new AppError("reading_key_conflict");
      return { indexWh: state.index_wh, takenBackWh: 0, isNew: false };
    }
    const now = ctx.clock();
    if (measuredAt > now) throw new AppError("reading_not_found");
    if (measuredAt <= (await lineSince(tx, meterId))) throw new AppError("reading_before_exchange");
    const work: Work = { ctx, tx, actor, asked, requestHash, meter, state, now };
    const raw = await readingAt(tx, meterId, measuredAt);
    const isDoubted = raw !== null && isBad(raw.verdict) && measuredAt > state.index_at;
    if (raw === null && decision !== "correct") throw new AppError("reading_not_found");
    const result = isDoubted ? await decideDoubt(work, raw.value) : await decideOther(work, raw);
    await tell(work, result);
    return { ...result, isNew: true };
  });
  if (done.isNew) ctx.log.info({ meter: meterId, decision, takenBackWh: done.takenBackWh }, "reading corrected");
  return { indexWh: done.indexWh, takenBackWh: done.takenBackWh };
}

type Raw = { value: number; verdict: Verdict };
type Work = {
  ctx: FlowContext;
  tx: Tx;
  actor: Actor;
  asked: Asked;
  requestHash: string;
  meter: Meter;
  state: MeterStateTable;
  now: Instant;
};

function isBad(verdict: Verdict): boolean {
  return verdict === "jump" || verdict === "backwards";
}

/** A reading that was not believed, after the last good one: billing waits for what is decided here. */
async function decideDoubt(work: Work, valueWh: number): Promise<Corrected> {
  const { asked, state } = work;
  const at = instant(asked.measuredAt);
  switch (asked.decision) {
    case "reject":
      await remember(work, null);
      await change(work, { suspect_wh: null, suspect_at: 0, rejected_wh: valueWh, rejected_at: at });
      return { indexWh: state.index_wh, takenBackWh: 0 };
    case "accept":
      demandFollows(state.index_wh, valueWh);
      await acceptLine(work, valueWh);
      await change(work, { ...believed(valueWh, at), suspect_wh: null, suspect_at: 0 });
      return { indexWh: valueWh, takenBackWh: 0 };
    case "correct": {
      const trueWh = valueAsked(asked);
      demandFollows(state.index_wh, trueWh);
      await remember(work, trueWh);
      const wrong = { rejected_wh: valueWh, rejected_at: at };
      await change(work, { ...believed(trueWh, at), ...wrong, suspect_wh: null, suspect_at: 0 });
      return { indexWh: trueWh, takenBackWh: 0 };
    }
    case "restart": {
      // What was used up to the last good index must be charged first: the new line begins with nothing to settle.
      if (work.meter.account_id !== null && state.index_at > state.settled_at) throw new AppError("reading_moved_on");
      await remember(work, valueWh);
      const settled = { settled_index_wh: valueWh, settled_at: at };
      await change(work, { ...believed(valueWh, at), ...settled, suspect_wh: null, suspect_at: 0 });
      return { indexWh: valueWh, takenBackWh: 0 };
    }
  }
}

/** A reading that counted, or a time at which there was none. */
async function decideOther(work: Work, raw: Raw | null): Promise<Corrected> {
  const { tx, asked, state, meter } = work;
  const at = instant(asked.measuredAt);
  const { before, after } = await goodNeighbours(tx, meter.id, asked.measuredAt);
  if (asked.decision === "restart") throw new AppError("reading_not_found");
  if (asked.decision === "accept") {
    const value = raw?.value ?? 0;
    demandBetween(before?.value ?? null, value, after?.value ?? null);
    await remember(work, value);
    return atLatest(work, after === null, value, at);
  }
  if (asked.decision === "correct") {
    const value = valueAsked(asked);
    demandBetween(before?.value ?? null, value, after?.value ?? null);
    await remember(work, value);
    return atLatest(work, after === null, value, at);
  }
  await remember(work, null);
  if (after !== null || asked.measuredAt < state.index_at) return { indexWh: state.index_wh, takenBackWh: 0 };
  if (before === null) throw new AppError("reading_value_invalid", { max: REGISTER_SPAN_WH / 1_000 });
  return atLatest(work, true, before.value, instant(before.at));
}

/** Where the reading is the newest, the meter stands where it says; what was charged beyond it goes back. */
async function atLatest(work: Work, isLatest: boolean, valueWh: number, at: Instant): Promise<Corrected> {
  const { state } = work;
  if (!isLatest) return { indexWh: state.index_wh, takenBackWh: 0 };
  const settledWh = state.settled_index_wh;
  if (settledWh === null || follows(settledWh, valueWh)) {
    await change(work, believed(valueWh, at));
    return { indexWh: valueWh, takenBackWh: 0 };
  }
  const { meter, tx, now, actor } = work;
  const usageWh = usedBetween(valueWh, settledWh) * meter.ratio;
  await change(work, { ...believed(valueWh, at), settled_index_wh: valueWh, settled_at: at });
  if (meter.account_id === null || meter.credit_at === null || meter.mode === "public") {
    return { indexWh: valueWh, takenBackWh: 0 };
  }
  const residue = await takeBackUsage(tx, {
    meter: {
      ...meter,
      account_id: meter.account_id,
      credit_at: meter.credit_at,
      settled_residue: state.settled_residue,
    },
    usageWh,
    indexWh: valueWh,
    cause: `${meter.id}:${work.asked.key}`,
    actor: actor.login,
    now,
  });
  await tx.updateTable("meter_state").set({ settled_residue: residue }).where("meter_id", "=", meter.id).execute();
  return { indexWh: valueWh, takenBackWh: usageWh };
}

function believed(indexWh: number, at: Instant): MeterStateChange {
  return { index_wh: indexWh, index_at: at };
}

/** Changes the state that was claimed before. */
async function change({ tx, meter, state, now }: Work, what: MeterStateChange): Promise<void> {
  await changeMeterState(tx, { meterId: meter.id, version: state.version, change: { ...what, changed_at: now } });
}

/** The reading and all doubted ones before it that lie on its line are right: so the days in between are known too. */
async function acceptLine(work: Work, valueWh: number): Promise<void> {
  const { tx, meter, state, asked } = work;
  const waiting = await doubtedSince(tx, meter.id, state.index_at, asked.measuredAt);
  const line: { at: number; value: number; verdict: number }[] = [];
  let next = valueWh;
  for (const each of waiting.toReversed()) {
    const isLast = each.at === asked.measuredAt;
    if (!isLast && (each.value > next || !follows(state.index_wh ?? 0, each.value))) continue;
    next = each.value;
    line.push(each);
  }
  assert(
    line.some((each) => each.at === asked.measuredAt),
    "the reading itself is accepted",
  );
  for (const each of line) {
    const isLast = each.at === asked.measuredAt;
    await remember(work, each.value, isLast ? {} : { measured_at: each.at, idem_key: `${asked.key}:${each.at}` });
  }
}

/** The decision, as a row beside the reading; the days around it are looked at again. */
async function remember(work: Work, valueWh: number | null, over: Partial<ReadingCorrectionTable> = {}): Promise<void> {
  const { ctx, tx, asked, meter, state, actor, now } = work;
  const measuredAt = over.measured_at ?? asked.measuredAt;
  const raw = await readingAt(tx, meter.id, measuredAt);
  const { before } = await goodNeighbours(tx, meter.id, measuredAt);
  const fresh = await insertIgnore(
    tx,
    "reading_correction",
    [
      {
        id: ctx.newId(now),
        idem_key: asked.key,
        request_hash: work.requestHash,
        meter_id: meter.id,
        register: registers.energyTotal,
        measured_at: measuredAt,
        decision: asked.decision,
        value_wh: valueWh,
        raw_wh: raw?.value ?? null,
        raw_verdict: raw === null ? null : verdictCode(raw.verdict),
        good_wh: before?.value ?? state.index_wh,
        good_at: before?.at ?? state.index_at,
        reason: asked.reason,
        made_by: actor.login,
        made_at: now,
        ...over,
      },
    ],
    ["idem_key"],
  );
  if (fresh === 0) throw new AppError("reading_key_conflict");
  await askRecheck(tx, [{ meterId: meter.id, day: dayOf(instant(measuredAt)) }], "correction", now);
}

async function tell({ ctx, tx, actor, asked, meter, state, now }: Work, result: Corrected): Promise<void> {
  const { decision, measuredAt } = asked;
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: meter.id,
      at: now,
      kind: "reading_decided",
      severity: "info",
      detail: { decision, indexWh: result.indexWh, measuredAt, by: actor.login },
    },
  ]);
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: "reading.correct",
    object: `meter:${meter.id}`,
    before: { indexWh: state.index_wh, indexAt: state.index_at, suspectWh: state.suspect_wh },
    after: { decision, measuredAt, ...result },
    reason: asked.reason,
    ip: asked.ip,
  });
}

function follows(fromWh: number, toWh: number): boolean {
  return toWh >= fromWh || isRollover(fromWh, toWh);
}

function demandFollows(lastWh: number | null, valueWh: number): void {
  if (lastWh === null || follows(lastWh, valueWh)) return;
  throw new AppError("reading_value_backwards", { value: formatUnits(wh(valueWh)), last: formatUnits(wh(lastWh)) });
}

function demandBetween(beforeWh: number | null, valueWh: number, afterWh: number | null): void {
  demandFollows(beforeWh, valueWh);
  if (afterWh === null || follows(valueWh, afterWh)) return;
  throw new AppError("reading_value_beyond", { value: formatUnits(wh(valueWh)), next: formatUnits(wh(afterWh)) });
}

/** An index as typed, in units with at most three places. */
function valueAsked({ value }: Asked): number {
  const match = /^(\d{1,9})(?:\.(\d{1,3}))?$/.exec(value?.trim() ?? "");
  const found = match ? Number(match[1]) * 1_000 + Number((match[2] ?? "").padEnd(3, "0")) : Number.NaN;
  if (!(found < REGISTER_SPAN_WH)) throw new AppError("reading_value_invalid", { max: REGISTER_SPAN_WH / 1_000 });
  return found;
}
