import { DAY_MS, type Day, dayOf, type Instant, instant, later, MINUTE_MS } from "#base/time.ts";
import { isLowCredit } from "#domain/low-credit.ts";
import { tellsOfClosedDay } from "#domain/meter-day.ts";
import { judgeReading, registers, type Verdict, verdictCode } from "#domain/reading.ts";
import { offCauseSeen, type Relay } from "#domain/switching.ts";
import { SILENT_ROUNDS_MAX } from "#domain/tile.ts";
import { askRecheck } from "#store/days.ts";
import type { Tx } from "#store/db.ts";
import { addEvents, eventId, type NewMeterEvent } from "#store/events.ts";
import { changeMeterState, claimMeterStates } from "#store/meters.ts";
import { addFrames, addReadings, addTally, FRAMES_PER_METER } from "#store/readings.ts";
import type { FrameLogTable, MeterMode, MeterStateTable, ReadingTable } from "#store/schema.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** What a switch showed: the word as the meter keeps it, what it says about supply, and whether it says it is broken. */
export type SwitchStatus = {
  word: number;
  relayOpen: boolean | null;
  fault: boolean;
  /** Whether the meter trips by its credit; told for the command that asked. Models that cannot tell leave it out. */
  trips?: boolean;
};
/** What one meter showed at one time; only what was read is there. Water in litres. */
export type ReportedValues = {
  energyWh?: number;
  /** Remaining minus overdrawn, in Wh: may be negative. */
  remainingWh?: number;
  purchaseCount?: number;
  /** What was left before the last change of credit; told for the command that asked, not stored. */
  beforeWh?: number;
  voltageMv?: number | null;
  currentMa?: number | null;
  powerW?: number | null;
  status?: SwitchStatus;
};
/**
 * One meter at one moment. `installation` tells which of the devices that have been in its place was asked: what another one said is not believed of it.
 * Left out: the present one.
 */
export type MeterReport = { meterId: number; installation?: number; measuredAt: Instant; values: ReportedValues };
/** A whole round in which a meter gave no usable answer. */
export type SilenceReport = { meterId: number; installation?: number; at: Instant };
/** One frame on the bus, or the silence where an answer was due. */
export type FrameRecord = {
  meterId: number;
  at: Instant;
  direction: "sent" | "received" | "silence";
  hex: string;
  commandId: string | null;
  tookMs: number;
};

type Batch = {
  collector: string;
  reports: readonly MeterReport[];
  silences: readonly SilenceReport[];
  frames: readonly FrameRecord[];
};

/**
 * Stores what a collector heard: readings (each judged, once per meter, register and time), the state of the meters, events and
 * frames, in one transaction. A bad reading is kept and shown but moves nothing that is billed. Safe to repeat.
 */
export async function recordReadings(ctx: FlowContext, batch: Batch): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const meters = await metersOf(tx, batch);
    const writing: Writing = { readings: [], events: [], late: [] };
    const now = ctx.clock();
    for (const [meterId, meter] of meters) {
      const isOfIt = (each: { meterId: number; installation?: number }) =>
        each.meterId === meterId && (each.installation ?? meter.installation) === meter.installation;
      const reports = batch.reports.filter(isOfIt);
      const silences = batch.silences.filter(isOfIt);
      const frames = batch.frames.filter((frame) => frame.meterId === meterId).length;
      const change: Change = {};
      const view = { ctx, meter, change, writing, now };
      for (const report of reports.sort((a, b) => a.measuredAt - b.measuredAt)) take(view, report);
      for (const silence of silences) takeSilence(view, silence);
      if (frames > 0) change.frame_count = meter.state.frame_count + frames;
      if (Object.keys(change).length === 0) continue;
      await changeMeterState(tx, { meterId, version: meter.state.version, change });
    }
    const added = await addReadings(tx, writing.readings);
    await addTally(tx, `readings:${batch.collector}`, added);
    await askRecheck(tx, writing.late, "late", now);
    await addFrames(tx, ringSlots(batch.frames, meters));
    await addEvents(tx, writing.events);
    faultPoint("ingest:before-commit");
  });
}

type Change = Partial<Omit<MeterStateTable, "meter_id" | "version">>;
type Meter = {
  state: MeterStateTable;
  creditInMeter: boolean;
  mode: MeterMode;
  installation: number;
  powerMaxW: number;
  lowCreditWh: number;
};
type Writing = { readings: ReadingTable[]; events: NewMeterEvent[]; late: { meterId: number; day: Day }[] };
type View = { ctx: FlowContext; meter: Meter; change: Change; writing: Writing; now: Instant };

async function metersOf(tx: Tx, batch: Batch): Promise<Map<number, Meter>> {
  const ids = new Set([...batch.reports, ...batch.silences, ...batch.frames].map((each) => each.meterId));
  if (ids.size === 0) return new Map();
  await claimMeterStates(tx, [...ids]);
  const rows = await tx
    .selectFrom("meter_state")
    .innerJoin("meter", "meter.id", "meter_state.meter_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .where("meter_state.meter_id", "in", [...ids])
    .selectAll("meter_state")
    .select(["account.credit_at", "meter.mode", "meter.installation", "meter.power_max_w", "meter.low_credit_wh"])
    .orderBy("meter_state.meter_id")
    .execute();
  return new Map(
    rows.map(({ credit_at, mode, installation, power_max_w, low_credit_wh, ...state }) => [
      state.meter_id,
      {
        state,
        creditInMeter: credit_at === "meter",
        mode,
        installation,
        powerMaxW: power_max_w,
        lowCreditWh: low_credit_wh,
      },
    ]),
  );
}

/** The state as this batch has changed it so far. */
function current(view: View): MeterStateTable {
  return { ...view.meter.state, ...view.change };
}

function take(view: View, report: MeterReport): void {
  const { change } = view;
  const before = current(view);
  const at = report.measuredAt;
  const { energyWh, remainingWh, purchaseCount, status } = report.values;
  if (before.silent_rounds >= SILENT_ROUNDS_MAX) event(view, "answering", "info", at);
  if (before.silent_rounds > 0) {
    change.silent_rounds = 0;
    change.changed_at = view.now;
  }
  change.last_answer_at = Math.max(notFuture(view, before.last_answer_at, at), at);
  if (energyWh !== undefined) takeEnergy(view, energyWh, at);
  if (remainingWh !== undefined) takeRemaining(view, remainingWh, at);
  if (purchaseCount !== undefined && at >= notFuture(view, before.purchase_count_read_at, at)) {
    change.purchase_count_read = purchaseCount;
    change.purchase_count_read_at = at;
  }
  if (status !== undefined) takeStatus(view, status, at);
  takeInstant(view, report);
}

function takeEnergy(view: View, indexWh: number, at: Instant): void {
  const before = current(view);
  const previous =
    before.index_wh === null ? null : { indexWh: before.index_wh, at: notFuture(view, before.index_at, at) };
  const doubted = before.suspect_wh ?? before.rejected_wh;
  const doubtedAt = before.suspect_wh === null ? before.rejected_at : before.suspect_at;
  const suspect = doubted === null ? null : { indexWh: doubted, at: notFuture(view, doubtedAt, at) };
  const verdict = judgeReading({ previous, suspect, next: { indexWh, at } }, view.meter.powerMaxW);
  keep(view, registers.energyTotal, at, indexWh, verdict);
  if (tellsOfClosedDay(at, view.now)) view.writing.late.push({ meterId: before.meter_id, day: dayOf(at) });
  if (verdict === "stale") return;
  if (verdict === "ok" || verdict === "rollover") {
    view.change.index_wh = indexWh;
    view.change.index_at = at;
    if (before.settled_at > at) view.change.settled_at = at - 1; // was stamped by a clock that ran ahead
    if (suspect !== null) Object.assign(view.change, { suspect_wh: null, rejected_wh: null });
    if (indexWh !== before.index_wh || suspect !== null) view.change.changed_at = view.now;
    return;
  }
  view.change.suspect_wh = indexWh;
  view.change.suspect_at = at;
  view.change.changed_at = view.now;
  if (before.suspect_wh === null)
    event(view, "reading_suspect", "alarm", at, { verdict, indexWh, lastGoodWh: before.index_wh });
}

/** A clock may be set right by so much without anything being wrong. */
const CLOCK_AHEAD_MS_MAX = 5 * MINUTE_MS;

/**
 * When something was read before. A stamp well ahead of now comes from a clock that has been put back since: what is read now
 * must not wait until real time has caught up with it, so it counts as read a day ago.
 */
function notFuture(view: View, stamp: number, at: Instant): Instant {
  return stamp > view.now + CLOCK_AHEAD_MS_MAX ? later(at, -DAY_MS) : instant(stamp);
}

function takeRemaining(view: View, remainingWh: number, at: Instant): void {
  const before = current(view);
  // Credit on the server is known here better than there.
  if (!view.meter.creditInMeter || at < notFuture(view, before.remaining_at, at)) return;
  keep(view, registers.energyRemaining, at, remainingWh, "ok");
  view.change.remaining_wh = remainingWh;
  view.change.remaining_at = at;
  if (remainingWh !== before.remaining_wh) view.change.changed_at = view.now;
  const { mode, lowCreditWh: limitWh } = view.meter;
  const low = isLowCredit({ mode, remainingWh, limitWh }) ? 1 : 0;
  if (low === before.low_credit) return;
  view.change.low_credit = low;
  view.change.changed_at = view.now;
  event(view, low ? "low_credit" : "credit_restored", low ? "warning" : "info", at, {
    remainingWh,
    limitWh,
  });
}

function takeStatus(view: View, status: SwitchStatus, at: Instant): void {
  const before = current(view);
  if (at < notFuture(view, before.relay_at, at)) return;
  takeFault(view, status.fault, at);
  view.change.status_word3 = status.word;
  if (status.relayOpen === null) {
    forgetRelay(view, at);
    return;
  }
  const relay: Relay = status.relayOpen ? "open" : "closed";
  const offCause = offCauseSeen(
    {
      relay: before.relay,
      relayCommanded: before.relay_commanded,
      relayCommandedFor: before.relay_commanded_for,
      relayCommandedAt: notFuture(view, before.relay_commanded_at, at),
      offCause: before.off_cause,
    },
    { relay, remainingWh: before.remaining_wh, creditInMeter: view.meter.creditInMeter, at },
  );
  view.change.relay = relay;
  view.change.relay_at = at;
  view.change.off_cause = offCause;
  if (relay === before.relay && offCause === before.off_cause) return;
  view.change.changed_at = view.now;
  if (relay === before.relay || before.relay === null) return;
  if (relay === "open") event(view, "tripped", "warning", at, { cause: offCause, remainingWh: before.remaining_wh });
  else event(view, "closed", "info", at, {});
}

/** A valve that reports a fault: where it stands is not known, and its owner has to be sent. */
function takeFault(view: View, fault: boolean, at: Instant): void {
  const before = current(view);
  if ((before.switch_fault === 1) === fault) return;
  view.change.switch_fault = fault ? 1 : 0;
  view.change.changed_at = view.now;
  if (fault) event(view, "valve_fault", "alarm", at);
  else event(view, "valve_repaired", "info", at);
}

/** What was read before is no proof of now. Why it was off is kept: it comes true again when the switch can be read. */
function forgetRelay(view: View, at: Instant): void {
  view.change.relay_at = at;
  if (current(view).relay === null) return;
  view.change.relay = null;
  view.change.changed_at = view.now;
}

function takeInstant(view: View, report: MeterReport): void {
  const { voltageMv, currentMa, powerW } = report.values;
  if (voltageMv === undefined && currentMa === undefined && powerW === undefined) return;
  const at = report.measuredAt;
  if (at < notFuture(view, current(view).instant_at, at)) return;
  view.change.instant_at = at;
  if (voltageMv !== undefined) view.change.voltage_mv = voltageMv;
  if (currentMa !== undefined) view.change.current_ma = currentMa;
  if (powerW !== undefined) view.change.power_w = powerW;
  if (typeof voltageMv === "number") keep(view, registers.voltage, at, voltageMv, "ok");
  if (typeof currentMa === "number") keep(view, registers.current, at, currentMa, "ok");
  if (typeof powerW === "number") keep(view, registers.power, at, powerW, "ok");
}

function takeSilence(view: View, silence: SilenceReport): void {
  const before = current(view);
  // An answer came since, or this very silence was counted already.
  if (silence.at < before.last_answer_at || silence.at <= before.silent_at) return;
  view.change.silent_at = silence.at;
  const rounds = before.silent_rounds + 1;
  view.change.silent_rounds = rounds;
  if (rounds !== SILENT_ROUNDS_MAX) return;
  view.change.changed_at = view.now;
  event(view, "silent", "alarm", silence.at, { lastAnswerAt: before.last_answer_at });
}

function keep(view: View, register: number, at: Instant, value: number, verdict: Verdict): void {
  view.writing.readings.push({
    meter_id: view.meter.state.meter_id,
    register,
    measured_at: at,
    value,
    verdict: verdictCode(verdict),
    received_at: view.now,
  });
}

function event(
  view: View,
  kind: NewMeterEvent["kind"],
  severity: NewMeterEvent["severity"],
  at: Instant,
  detail: NonNullable<NewMeterEvent["detail"]> = {},
): void {
  const meterId = view.meter.state.meter_id;
  view.writing.events.push({ id: eventId(meterId, kind, at), meterId, at, kind, severity, detail });
}

function ringSlots(frames: readonly FrameRecord[], meters: ReadonlyMap<number, Meter>): FrameLogTable[] {
  const rows = new Map<string, FrameLogTable>();
  const next = new Map<number, number>();
  for (const frame of frames) {
    const meter = meters.get(frame.meterId);
    if (!meter) continue;
    const count = next.get(frame.meterId) ?? meter.state.frame_count;
    next.set(frame.meterId, count + 1);
    const slot = count % FRAMES_PER_METER;
    rows.set(`${frame.meterId}:${slot}`, {
      meter_id: frame.meterId,
      slot,
      at: frame.at,
      direction: frame.direction,
      hex: frame.hex,
      command_id: frame.commandId,
      took_ms: frame.tookMs,
    });
  }
  return [...rows.values()];
}
