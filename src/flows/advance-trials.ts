import { isDatabaseAway } from "#base/errors.ts";
import { type Instant, SECOND_MS } from "#base/time.ts";
import { OFF_LIMITS, offPerDay } from "#domain/off-guard.ts";
import {
  judgeTrial,
  switchLeftOut,
  switchTried,
  type TrialCheck,
  type TrialHeard,
  type TrialWhy,
  trialResult,
  whyNoSwitchTest,
} from "#domain/trial.ts";
import { TAKEN_BACK } from "#domain/withdrawal.ts";
import { provesSwitch } from "#protocol/profiles.ts";
import { addAudit } from "#store/audit.ts";
import { cancelUnsent, OPEN_STATES, openSwitches } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import { offCounts, offStopOf } from "#store/off-stops.ts";
import type { CommandTable } from "#store/schema-commands.ts";
import type { TrialMeterTable, TrialRunTable } from "#store/schema-trials.ts";
import {
  askerOf,
  changeTrial,
  changeTrialMeter,
  metersOfTrial,
  runningTrials,
  trialArchive,
  trialRow,
} from "#store/trials.ts";
import { actorOf } from "#store/users.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { linkRefusal } from "./link-risk.ts";
import { askRead, askSwitchTest, commandOf, heardBy } from "./trial-step.ts";

/** Meters of a run that are asked at one time: a dead one must not hold up the others, a bus not be filled. */
const AT_ONCE = 4;
/** A meter that did not answer so many attempts, each of several questions, is not there. */
const ATTEMPTS_MAX = 2;
/** So long an offline concentrator is waited for. */
const OFFLINE_MS_MAX = 20 * SECOND_MS;
/** A read that got nowhere by then is given up. */
const READ_MS_MAX = 90 * SECOND_MS;
/** A trip that has not left by then is taken back. */
const TRIP_WAITS_MS_MAX = 30 * SECOND_MS;
/** Told and not heard of: the close goes out. */
const TRIP_MS_MAX = 60 * SECOND_MS;
/** A close that is not confirmed by then is told to a person; it goes on being sent. */
const CLOSE_MS_MAX = 90 * SECOND_MS;

/**
 * Takes every trial run that is under way one step on, by what became of its commands. By state: it may stop or repeat anywhere, and several
 * servers may do it at once. Answers how many runs there are.
 */
export async function advanceTrials(ctx: FlowContext): Promise<number> {
  const open = await runningTrials(ctx.db.read);
  for (const trialNo of open) {
    try {
      await decide(ctx.db, (tx) => advance(ctx, tx, trialNo));
    } catch (error) {
      // One that cannot go on holds up no other: somebody may be waiting there for his supply.
      if (isDatabaseAway(error)) throw error;
      ctx.log.error({ trial: trialNo, error: String(error) }, "trial run could not go on");
    }
  }
  return open.length;
}

/** One step of one run: who is in it, by whose wish, and when. */
type Step = {
  ctx: FlowContext;
  tx: Tx;
  run: TrialRunTable;
  by: Awaited<ReturnType<typeof askerOf>>;
  now: Instant;
  isSwitching: boolean;
};

async function advance(ctx: FlowContext, tx: Tx, trialNo: string): Promise<void> {
  const run = await trialRow(tx, trialNo);
  if (run?.state !== "running" && run?.state !== "cancelling") return;
  const now = ctx.clock();
  await changeTrial(tx, run, {}); // taken: other servers run again and find what was done here
  const rows = await metersOfTrial(tx, trialNo, true);
  const isSwitching = rows.some(({ state }) => state === "tripping" || state === "closing");
  const step: Step = { ctx, tx, run, by: await askerOf(tx, run), now, isSwitching };
  for (const row of rows) if (row.state !== "waiting") await goOn(step, row);
  const open = await metersOfTrial(tx, trialNo, true);
  let reading = open.filter(({ state }) => state === "reading").length;
  for (const row of open.filter(({ state }) => state === "waiting")) {
    if (run.state === "cancelling") await end(step, row, { checks: [], result: "skipped" });
    else if (reading < AT_ONCE && !(await begin(step, row))) reading++;
  }
  if ((await metersOfTrial(tx, trialNo, true)).length > 0) return;
  const state = run.state === "cancelling" ? ("cancelled" as const) : ("finished" as const);
  await changeTrial(tx, { ...run, version: run.version + 1 }, { state, ended_at: now, updated_at: now });
  ctx.log.info({ trial: trialNo, state }, "trial run ended");
}

async function archiveOf({ tx, now }: Step, row: TrialMeterTable) {
  return trialArchive(tx, row.meter_id, { now, provesSwitch });
}

/** Begins a meter; true when it is done already, because it is gone. */
async function begin(step: Step, row: TrialMeterTable): Promise<boolean> {
  const { ctx, tx, by, now } = step;
  const archive = await archiveOf(step, row);
  if (archive === null) return gone(step, row);
  const asked = { of: row, concentratorId: archive.concentratorId, now, by: by.login };
  const read_command_id = await askRead(ctx, tx, asked);
  await changeTrialMeter(tx, row, { state: "reading", read_command_id, step_at: now });
  return false;
}

async function gone(step: Step, row: TrialMeterTable): Promise<boolean> {
  const check: TrialCheck = { check: "answers", outcome: "fail", why: "not_asked", figures: {} };
  await end(step, row, { checks: [check], result: "fail" });
  return true;
}

/** Takes a meter that is under way on; true when it is done. */
async function goOn(step: Step, row: TrialMeterTable): Promise<boolean> {
  switch (row.state) {
    case "reading":
      return afterRead(step, row);
    case "queued":
      return afterQueue(step, row);
    case "tripping":
      return afterTrip(step, row);
    case "closing":
      return afterClose(step, row);
    default:
      return false;
  }
}

async function afterRead(step: Step, row: TrialMeterTable): Promise<boolean> {
  const { tx, now } = step;
  const command = await commandOf(tx, row.read_command_id);
  if (!command) return gone(step, row);
  const why = await whyReadIsOver(step, row, command);
  if (why === null) return false;
  // Taken back first: what comes in afterwards is no part of this run.
  if (why !== "done") await cancelUnsent(tx, { commandId: command.id, why: "trial_over", at: now });
  const heard = await heardBy(tx, command, why === "done" ? "not_asked" : why);
  const archive = await archiveOf(step, row);
  if (archive === null) return gone(step, row);
  const checks = judgeTrial(archive, heard);
  const whyNot = whyNoSwitchTest(archive, heard, row.switch_wish);
  if (whyNot !== null) return finish(step, row, [...checks, switchLeftOut(whyNot)]);
  await changeTrialMeter(tx, row, { state: "queued", checks: JSON.stringify(checks), step_at: now });
  return false;
}

/** Whether a read has ended, or is not waited for any more; null: it is. */
async function whyReadIsOver(step: Step, row: TrialMeterTable, command: CommandTable) {
  if (!OPEN_STATES.includes(command.state)) return "done" as const;
  const waitedMs = step.now - row.step_at;
  const { online } = await step.tx
    .selectFrom("concentrator")
    .select("online")
    .where("id", "=", command.concentrator_id)
    .executeTakeFirstOrThrow();
  if (online === 0 && waitedMs > OFFLINE_MS_MAX) return "concentrator_offline" as const;
  const isSilent = command.state_reason === "no_answer" && command.attempts >= ATTEMPTS_MAX;
  if (isSilent && command.lease_token === null) return "no_answer" as const;
  if (waitedMs <= READ_MS_MAX) return null;
  return command.state_reason === "no_answer" ? ("no_answer" as const) : ("not_asked" as const);
}

/** One supply of a run is off at a time, and a test leaves half of what the guard over trips allows to others. */
async function afterQueue(step: Step, row: TrialMeterTable): Promise<boolean> {
  const { ctx, tx, run, by, now } = step;
  const leaveOut = (why: TrialWhy) => finish(step, row, [...checksOf(row), switchLeftOut(why)]);
  if (run.state === "cancelling") return leaveOut("switch_stopped");
  if (step.isSwitching) return false;
  const archive = await archiveOf(step, row);
  if (archive === null) return gone(step, row);
  if (!(await mayStillSwitch(step, row.meter_id))) return leaveOut("switch_not_permitted");
  const state = await claimMeterState(tx, row.meter_id);
  const heard: TrialHeard = {
    ...{ kind: "answered", indexWh: null, index: "fits", knownWh: null, remainingWh: null, purchaseCount: null },
    ...{ clockSeconds: null, relayOpen: state.relay === null ? null : state.relay === "open", powerW: state.power_w },
  };
  const whyNot = whyNoSwitchTest(archive, heard, row.switch_wish);
  if (whyNot !== null) return leaveOut(whyNot);
  if ((await openSwitches(tx, row.meter_id)).length > 0) return leaveOut("switch_busy");
  if ((await linkRefusal(tx, row.meter_id, "trip")) !== null) return leaveOut("switch_risk");
  if ((await offStopOf(tx, archive.projectId)) !== null) return leaveOut("switch_budget");
  const counted = await offCounts(tx, { projectId: archive.projectId, now, except: "" });
  if (counted.inDay >= offPerDay(OFF_LIMITS, counted.switchable) / 2) return leaveOut("switch_budget");
  if (counted.inWindow >= OFF_LIMITS.perWindow / 2) return false;
  const asked = { of: row, concentratorId: archive.concentratorId, now, by: by.login };
  const { tripId, closeId } = await askSwitchTest(ctx, tx, asked);
  step.isSwitching = true;
  await changeTrialMeter(tx, row, {
    ...{ state: "tripping", trip_command_id: tripId, close_command_id: closeId, step_at: now },
  });
  await addAudit(tx, {
    ...{ id: ctx.newId(now), at: now, actor: by.login, action: "meter.trip", object: `meter:${row.meter_id}` },
    ...{ before: { relay: state.relay }, after: { command: tripId, close: closeId, trial: run.trial_no } },
    ...{ reason: run.trial_no, ip: "" },
  });
  return false;
}

/** A run takes hours: whoever asked for it may have left, or answer for other meters by now. */
async function mayStillSwitch({ tx, by }: Step, meterId: number): Promise<boolean> {
  const actor = by.userId === null ? null : await actorOf(tx, by.userId);
  if (!actor?.permissions.has("meter.trip") || !actor.permissions.has("meter.close")) return false;
  return (await meterToAct(tx, actor.scope, meterId)) !== undefined;
}

async function afterTrip(step: Step, row: TrialMeterTable): Promise<boolean> {
  const { tx, run, now } = step;
  const trip = await commandOf(tx, row.trip_command_id);
  const waitedMs = now - row.step_at;
  const isOpen = trip !== undefined && OPEN_STATES.includes(trip.state);
  const mayTakeBack = isOpen && trip.sent_at === null && (run.state === "cancelling" || waitedMs > TRIP_WAITS_MS_MAX);
  const isUnsent =
    !trip || // never, but nothing may hang on it
    (mayTakeBack && (await cancelUnsent(tx, { commandId: trip.id, why: "trial_over", at: now }))) ||
    (!isOpen && trip.sent_at === null);
  if (isUnsent) {
    // Nothing has left, so there is nothing to bring back.
    await cancelUnsent(tx, { commandId: row.close_command_id ?? "", why: "trial_over", at: now });
    return finish(step, row, [...checksOf(row), unsent(run.state, trip)]);
  }
  if (isOpen && trip.state !== "unknown" && waitedMs <= TRIP_MS_MAX) return false;
  // Whatever became of a trip that has left, the close follows it, now.
  await tx
    .updateTable("command")
    .set({ not_before: 0, updated_at: now })
    .where("id", "=", row.close_command_id ?? "")
    .where("state", "=", "waiting")
    .execute();
  await changeTrialMeter(tx, row, { state: "closing", step_at: now });
  return false;
}

function unsent(state: TrialRunTable["state"], trip: CommandTable | undefined): TrialCheck {
  if (trip?.state_reason === TAKEN_BACK) return switchLeftOut("switch_taken_back");
  return state === "cancelling" ? switchLeftOut("switch_stopped") : switchTried(whyUnsent(trip));
}

function whyUnsent(trip: CommandTable | undefined): TrialWhy {
  if (trip?.state_reason === "superseded") return "switch_taken";
  return trip?.state === "refused" ? "switch_refused" : "switch_not_sent";
}

async function afterClose(step: Step, row: TrialMeterTable): Promise<boolean> {
  const { tx, now } = step;
  const [trip, close] = [await commandOf(tx, row.trip_command_id), await commandOf(tx, row.close_command_id)];
  const isOpen = close !== undefined && OPEN_STATES.includes(close.state);
  if (isOpen && now - row.step_at <= CLOSE_MS_MAX) return false;
  return finish(step, row, [...checksOf(row), switchTried(whatCameOut(trip, close))]);
}

function whatCameOut(trip: CommandTable | undefined, close: CommandTable | undefined): TrialWhy {
  if (close?.state_reason === TAKEN_BACK) return "switch_withdrawn";
  if (close?.state === "cancelled") return "switch_taken";
  if (close?.state !== "confirmed") return "switch_not_closed";
  if (trip?.state === "confirmed") return "switch_done";
  return trip?.state === "refused" ? "switch_refused" : "switch_silent";
}

function checksOf(row: TrialMeterTable): TrialCheck[] {
  return JSON.parse(row.checks) as TrialCheck[];
}

async function finish(step: Step, row: TrialMeterTable, checks: TrialCheck[]): Promise<boolean> {
  await end(step, row, { checks, result: trialResult(checks) });
  return true;
}

async function end(
  { tx, now }: Step,
  row: TrialMeterTable,
  with_: { checks: TrialCheck[]; result: "pass" | "fail" | "skipped" },
): Promise<void> {
  const { checks, result } = with_;
  const done = { state: "done" as const, result, open_meter_id: null, checks: JSON.stringify(checks), done_at: now };
  await changeTrialMeter(tx, row, { ...done, step_at: now });
}
