import { DAY_MS, type Day, dayOf, type Instant, instant, later } from "#base/time.ts";
import { isAhead } from "#domain/clock-ahead.ts";
import type { LoadGuardSettings, LoadGuardShown } from "#domain/load-guard.ts";
import { isLowCredit } from "#domain/low-credit.ts";
import { tellsOfClosedDay } from "#domain/meter-day.ts";
import type { MeterMode } from "#domain/meter-mode.ts";
import { judgeReading, registerPowerMaxW, registers, type Verdict, verdictCode } from "#domain/reading.ts";
import { offCauseSeen, RELAY_SETTLES_MS, type Relay } from "#domain/switching.ts";
import { SILENT_ROUNDS_MAX } from "#domain/tile.ts";
import { askRecheck } from "#store/days.ts";
import type { Tx } from "#store/db.ts";
import { addEvents, eventId, type NewMeterEvent } from "#store/events.ts";
import { claimMeterStates, type MeterStateChange, saveClaimedStates } from "#store/meters.ts";
import { addFrames, addReadings, addTally, FRAMES_PER_METER } from "#store/readings.ts";
import type { FrameLogTable, MeterStateTable, ReadingTable } from "#store/schema-readings.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { type GuardTold, takeLoadGuards } from "./take-load-guard.ts";

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
  /** Its guard over the load (安全用电); null: asked, and it did not say. Left out by models without one. */
  loadGuard?: LoadGuardShown | null;
  /** What that watches for; told for the command that asked, not stored. */
  loadGuardSettings?: LoadGuardSettings;
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
    const writing: Writing = { readings: [], events: [], late: [], states: [], columns: new Set(), guards: [] };
    const now = ctx.clock();
    for (const { meter, reports, silences, frames } of parts(meters, batch)) {
      const view = { ctx, meter, state: meter.state, isChanged: false, writing, now };
      for (const report of reports.sort((a, b) => a.measuredAt - b.measuredAt)) take(view, report);
      for (const silence of silences) takeSilence(view, silence);
      if (frames > 0) change(view, { frame_count: view.state.frame_count + frames });
      if (view.isChanged) writing.states.push(view.state);
    }
    await saveClaimedStates(tx, writing.states, [...writing.columns]);
    const added = await addReadings(tx, writing.readings);
    await askRecheck(tx, writing.late, "late", now);
    await addFrames(tx, ringSlots(batch.frames, meters));
    await addEvents(tx, writing.events);
    await takeLoadGuards(ctx, tx, writing.guards);
    // Last: this row is the one that batches beside each other share.
    await addTally(tx, `readings:${batch.collector}`, added);
    faultPoint("ingest:before-commit");
  });
}

type Part = { meter: Meter; reports: MeterReport[]; silences: SilenceReport[]; frames: number };

/** What the batch tells of each meter, without what was said by a device that is no longer in its place. */
function parts(meters: ReadonlyMap<number, Meter>, batch: Batch): Iterable<Part> {
  const byMeter = new Map([...meters].map(([id, meter]) => [id, newPart(meter)]));
  const partOf = ({ meterId, installation }: { meterId: number; installation?: number }) => {
    const part = byMeter.get(meterId);
    return part && (installation ?? part.meter.installation) === part.meter.installation ? part : undefined;
  };
  for (const report of batch.reports) partOf(report)?.reports.push(report);
  for (const silence of batch.silences) partOf(silence)?.silences.push(silence);
  for (const { meterId } of batch.frames) {
    const part = byMeter.get(meterId);
    if (part) part.frames++;
  }
  return byMeter.values();
}

function newPart(meter: Meter): Part {
  return { meter, reports: [], silences: [], frames: 0 };
}

type Change = MeterStateChange;
type Meter = {
  /** As the batch has changed it so far. */
  state: MeterStateTable;
  /** Before the batch. */
  frameCount: number;
  creditInMeter: boolean;
  mode: MeterMode;
  installation: number;
  /** What its register can be moved by. */
  powerMaxW: number;
  lowCreditWh: number;
};
type Writing = {
  readings: ReadingTable[];
  events: NewMeterEvent[];
  late: { meterId: number; day: Day }[];
  states: MeterStateTable[];
  /** Those of the states that changed in any of them. */
  columns: Set<keyof Change>;
  guards: GuardTold[];
};
/** One meter while a batch is taken. */
type View = {
  ctx: FlowContext;
  meter: Meter;
  state: MeterStateTable;
  isChanged: boolean;
  writing: Writing;
  now: Instant;
};

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
    .select([
      "account.credit_at",
      "meter.mode",
      "meter.installation",
      "meter.power_max_w",
      "meter.ratio",
      "meter.low_credit_wh",
    ])
    .orderBy("meter_state.meter_id")
    .execute();
  return new Map(
    // A row is taken as the state that it is, with more in it than that: to copy forty columns costs more than to judge the reading.
    rows.map((state) => [
      state.meter_id,
      {
        state,
        frameCount: state.frame_count,
        creditInMeter: state.credit_at === "meter",
        mode: state.mode,
        installation: state.installation,
        powerMaxW: registerPowerMaxW({ powerMaxW: state.power_max_w, ratio: state.ratio }),
        lowCreditWh: state.low_credit_wh,
      },
    ]),
  );
}

function change(view: View, changed: Change): void {
  Object.assign(view.state, changed);
  view.isChanged = true;
  for (const column in changed) view.writing.columns.add(column as keyof Change);
}

function take(view: View, report: MeterReport): void {
  const { silent_rounds, last_answer_at } = view.state;
  const at = report.measuredAt;
  const { energyWh, remainingWh, purchaseCount, status, loadGuard } = report.values;
  if (silent_rounds >= SILENT_ROUNDS_MAX) event(view, "answering", "info", at);
  if (silent_rounds > 0) change(view, { silent_rounds: 0, changed_at: view.now });
  change(view, { last_answer_at: Math.max(notFuture(view, last_answer_at, at), at) });
  if (energyWh !== undefined) takeEnergy(view, energyWh, at);
  if (remainingWh !== undefined) takeRemaining(view, remainingWh, at);
  if (purchaseCount !== undefined && at >= notFuture(view, view.state.purchase_count_read_at, at)) {
    change(view, { purchase_count_read: purchaseCount, purchase_count_read_at: at });
  }
  if (status !== undefined) takeStatus(view, status, at, loadGuard);
  if (loadGuard) view.writing.guards.push({ meterId: view.meter.state.meter_id, at, shown: loadGuard });
  takeInstant(view, report);
}

function takeEnergy(view: View, indexWh: number, at: Instant): void {
  const { meter_id, index_wh, index_at, suspect_wh, suspect_at, rejected_wh, rejected_at, settled_at } = view.state;
  const previous = index_wh === null ? null : { indexWh: index_wh, at: notFuture(view, index_at, at) };
  const doubted = suspect_wh ?? rejected_wh;
  const doubtedAt = suspect_wh === null ? rejected_at : suspect_at;
  const suspect = doubted === null ? null : { indexWh: doubted, at: notFuture(view, doubtedAt, at) };
  const verdict = judgeReading({ previous, suspect, next: { indexWh, at } }, view.meter.powerMaxW);
  keep(view, registers.energyTotal, at, indexWh, verdict);
  if (tellsOfClosedDay(at, view.now)) view.writing.late.push({ meterId: meter_id, day: dayOf(at) });
  if (verdict === "stale") return;
  if (verdict === "ok" || verdict === "rollover") {
    change(view, { index_wh: indexWh, index_at: at });
    if (settled_at > at) change(view, { settled_at: at - 1 }); // was stamped by a clock that ran ahead
    if (suspect !== null) change(view, { suspect_wh: null, rejected_wh: null });
    if (indexWh !== index_wh || suspect !== null) change(view, { changed_at: view.now });
    return;
  }
  change(view, { suspect_wh: indexWh, suspect_at: at, changed_at: view.now });
  if (suspect_wh === null) event(view, "reading_suspect", "alarm", at, { verdict, indexWh, lastGoodWh: index_wh });
}

/**
 * When something was read before. A stamp well ahead of now comes from a clock that has been put back since: what is read now
 * must not wait until real time has caught up with it, so it counts as read a day ago.
 */
function notFuture(view: View, stamp: number, at: Instant): Instant {
  return isAhead(stamp, view.now) ? later(at, -DAY_MS) : instant(stamp);
}

function takeRemaining(view: View, remainingWh: number, at: Instant): void {
  const { remaining_wh, remaining_at, low_credit } = view.state;
  // Credit on the server is known here better than there.
  if (!view.meter.creditInMeter || at < notFuture(view, remaining_at, at)) return;
  keep(view, registers.energyRemaining, at, remainingWh, "ok");
  change(view, { remaining_wh: remainingWh, remaining_at: at });
  if (remainingWh !== remaining_wh) change(view, { changed_at: view.now });
  const { mode, lowCreditWh: limitWh } = view.meter;
  const low = isLowCredit({ mode, remainingWh, limitWh }) ? 1 : 0;
  if (low === low_credit) return;
  change(view, { low_credit: low, changed_at: view.now });
  event(view, low ? "low_credit" : "credit_restored", low ? "warning" : "info", at, {
    remainingWh,
    limitWh,
  });
}

function takeStatus(view: View, status: SwitchStatus, at: Instant, guard: ReportedValues["loadGuard"]): void {
  const { relay_at, relay: relayBefore, off_cause, remaining_wh } = view.state;
  if (at < notFuture(view, relay_at, at)) {
    // The look that confirmed a trip is told after it: what the guard said in it still decides who may close.
    const isLook = relayBefore === "open" && relay_at - at < RELAY_SETTLES_MS;
    if (isLook && isHolding(guard) && off_cause !== "safety")
      change(view, { off_cause: "safety", changed_at: view.now });
    return;
  }
  takeFault(view, status.fault, at);
  change(view, { status_word3: status.word });
  if (status.relayOpen === null) {
    forgetRelay(view, at);
    return;
  }
  const relay: Relay = status.relayOpen ? "open" : "closed";
  const offCause = offCauseSeen(
    {
      relay: relayBefore,
      relayCommanded: view.state.relay_commanded,
      relayCommandedFor: view.state.relay_commanded_for,
      relayCommandedAt: notFuture(view, view.state.relay_commanded_at, at),
      offCause: off_cause,
    },
    {
      ...{ relay, remainingWh: remaining_wh, creditInMeter: view.meter.creditInMeter, at },
      ...(guard !== undefined && { held: guard === null ? null : isHolding(guard) }),
    },
  );
  change(view, { relay, relay_at: at, off_cause: offCause });
  if (relay === relayBefore && offCause === off_cause) return;
  change(view, { changed_at: view.now });
  if (relay === relayBefore || relayBefore === null) return;
  // A trip of the guard is told by what the guard says of it.
  if (relay === "open" && offCause === "safety") return;
  if (relay === "open") event(view, "tripped", "warning", at, { cause: offCause, remainingWh: remaining_wh });
  else event(view, "closed", "info", at, {});
}

/** Whether a guard over the load keeps the relay open. */
function isHolding(guard: ReportedValues["loadGuard"]): boolean {
  return guard != null && guard.state !== "free";
}

/** A valve that reports a fault: where it stands is not known, and its owner has to be sent. */
function takeFault(view: View, fault: boolean, at: Instant): void {
  if ((view.state.switch_fault === 1) === fault) return;
  change(view, { switch_fault: fault ? 1 : 0, changed_at: view.now });
  if (fault) event(view, "valve_fault", "alarm", at);
  else event(view, "valve_repaired", "info", at);
}

/** What was read before is no proof of now. Why it was off is kept: it comes true again when the switch can be read. */
function forgetRelay(view: View, at: Instant): void {
  const { relay } = view.state;
  change(view, { relay_at: at });
  if (relay !== null) change(view, { relay: null, changed_at: view.now });
}

function takeInstant(view: View, report: MeterReport): void {
  const { voltageMv, currentMa, powerW } = report.values;
  if (voltageMv === undefined && currentMa === undefined && powerW === undefined) return;
  const at = report.measuredAt;
  if (at < notFuture(view, view.state.instant_at, at)) return;
  change(view, { instant_at: at });
  if (voltageMv !== undefined) change(view, { voltage_mv: voltageMv });
  if (currentMa !== undefined) change(view, { current_ma: currentMa });
  if (powerW !== undefined) change(view, { power_w: powerW });
  if (typeof voltageMv === "number") keep(view, registers.voltage, at, voltageMv, "ok");
  if (typeof currentMa === "number") keep(view, registers.current, at, currentMa, "ok");
  if (typeof powerW === "number") keep(view, registers.power, at, powerW, "ok");
}

function takeSilence(view: View, silence: SilenceReport): void {
  const { last_answer_at, silent_at, silent_rounds } = view.state;
  // An answer came since, or this very silence was counted already.
  if (silence.at < last_answer_at || silence.at <= silent_at) return;
  const rounds = silent_rounds + 1;
  change(view, { silent_at: silence.at, silent_rounds: rounds });
  if (rounds !== SILENT_ROUNDS_MAX) return;
  change(view, { changed_at: view.now });
  event(view, "silent", "alarm", silence.at, { lastAnswerAt: last_answer_at });
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
    const count = next.get(frame.meterId) ?? meter.frameCount;
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
