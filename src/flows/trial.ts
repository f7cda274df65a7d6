import { AppError } from "#base/errors.ts";
import { dayOf, type Instant } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import type { Actor } from "#domain/permission.ts";
import { TRIAL_METERS_MAX, whyNeverSwitched } from "#domain/trial.ts";
import { provesSwitch } from "#protocol/profiles.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { insertIgnore } from "#store/portable.ts";
import type { TrialMeterTable, TrialRunTable } from "#store/schema-trials.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import {
  changeTrial,
  changeTrialMeter,
  metersOfPlace,
  metersOfTrial,
  openTrialsOf,
  type PlaceAsked,
  placeName,
  trialInScope,
  trialRow,
} from "#store/trials.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Whoever starts a run, or repeats one, takes a number of this sequence first: two never decide at once which meters are free. */
const SEQUENCE = "trial_run";

/** `meterIds` null: all of the place. `inUseMeterIds`: switched although somebody lives there, each chosen by itself. */
export type TrialAsked = {
  key: string;
  place: PlaceAsked;
  meterIds: readonly number[] | null;
  switchTest: boolean;
  inUseMeterIds: readonly number[];
  ip: string;
};

/**
 * Starts a trial run (试运行). The same key again, and the same meters again while their run is under way, answer with that run; any other run of
 * one of the meters is refused. Nothing is asked of a meter here: {@link advanceTrials} goes on from the rows.
 */
export async function startTrial(
  ctx: FlowContext,
  actor: Actor,
  input: TrialAsked,
): Promise<{ trialNo: string; created: boolean }> {
  if (input.switchTest) demandSwitching(actor);
  const done = await decide(ctx.db, (tx) => start(ctx, tx, actor, input));
  if (done.created) ctx.log.info({ trial: done.trialNo, by: actor.login }, "trial run begun");
  return done;
}

async function start(ctx: FlowContext, tx: Tx, actor: Actor, input: TrialAsked) {
  const n = await nextNumbers(tx, SEQUENCE);
  const now = ctx.clock();
  const meters = await chosenMeters(tx, actor, input);
  const inUse = new Set(input.inUseMeterIds);
  const hash = hashOf(input, meters);
  const earlier = await tx.selectFrom("trial_run").selectAll().where("idem_key", "=", input.key).executeTakeFirst();
  if (earlier) {
    if (earlier.scope_hash !== hash || earlier.created_by !== actor.login) throw new AppError("trial_key_conflict");
    return { trialNo: earlier.trial_no, created: false };
  }
  const open = await openTrialsOf(
    tx,
    meters.map(({ id }) => id),
  );
  if (open.length > 0) {
    const same = await trialRow(tx, open[0] ?? "");
    if (open.length > 1 || same?.scope_hash !== hash || same.state !== "running") throw new AppError("trial_running");
    return { trialNo: same.trial_no, created: false };
  }
  const trialNo = `C${dayOf(now).replaceAll("-", "")}${String(n).padStart(6, "0")}`;
  const run: TrialRunTable = {
    ...{ trial_no: trialNo, idem_key: input.key, scope_hash: hash, project_id: meters[0]?.project_id ?? 0 },
    ...{ place_kind: input.place.kind, place_id: input.place.id, place_name: (await placeName(tx, input.place)) ?? "" },
    ...{ state: "running", switch_test: input.switchTest ? 1 : 0, meters: meters.length },
    ...{ created_by: actor.login, created_name: actor.name, created_at: now, ended_at: null },
    ...{ signed_by: null, signed_name: null, signed_at: null, sign_note: "", report: null, fingerprint: null },
    ...{ updated_at: now, version: 0 },
  };
  const rows = meters.map(
    ({ id }, seq): TrialMeterTable => ({
      ...{ trial_no: trialNo, meter_id: id, seq, open_meter_id: id, state: "waiting", result: null, attempt: 1 },
      switch_wish: input.switchTest ? (inUse.has(id) ? "in_use" : "vacant") : "no",
      ...{ read_command_id: null, trip_command_id: null, close_command_id: null },
      ...{ step_at: now, checks: "[]", earlier: "[]", done_at: null },
    }),
  );
  // Somebody else may have taken the key, or one of the meters, at this very moment.
  if ((await insertIgnore(tx, "trial_run", [run], ["idem_key"])) === 0) throw new Stale(`trial ${trialNo}`);
  for (const row of rows)
    if ((await insertIgnore(tx, "trial_meter", [row], ["open_meter_id"])) === 0) throw new Stale(`trial ${trialNo}`);
  await auditTrial(ctx, tx, {
    ...{ actor: actor.login, action: "trial.start", trialNo, reason: "", ip: input.ip, at: now },
    after: { meters: meters.length, switchTest: input.switchTest, inUse: [...inUse] },
  });
  return { trialNo, created: true };
}

/** The meters that are meant, all of them in the scope; refuses those that are never tripped when they were chosen for it. */
async function chosenMeters(tx: Tx, actor: Actor, input: TrialAsked) {
  const { place, meterIds, inUseMeterIds } = input;
  const meters = await metersOfPlace(tx, actor.scope, { place, meterIds });
  if (meterIds !== null && meters.length < new Set(meterIds).size) throw new AppError("meter_not_found");
  if (meters.length === 0) throw new AppError("trial_place_empty");
  demandTrialSize(meters);
  if (!input.switchTest) return meters;
  for (const id of inUseMeterIds) {
    const meter = meters.find((each) => each.id === id);
    if (!meter) throw new AppError("meter_not_found");
    const why = whyNeverSwitched(switchFacts(meter));
    if (why !== null) throw new AppError(why === "no_switch" ? "meter_without_switch" : "meter_protected");
  }
  return meters;
}

/** Refuses more meters than one run may have; the plan of a run says so before anybody chooses among them. */
export function demandTrialSize(meters: readonly unknown[]): void {
  if (meters.length > TRIAL_METERS_MAX) throw new AppError("trial_too_many", { max: TRIAL_METERS_MAX });
}

/** What of a meter's archive forbids to switch it. */
export function switchFacts(meter: Awaited<ReturnType<typeof metersOfPlace>>[number]) {
  return {
    switchKind: meter.switch_kind,
    closesBy: meter.closes_by,
    provesSwitch: provesSwitch(meter.profile),
    supplyGuard: meter.supply_guard === 1,
    isMaster: meter.master_of !== null,
  };
}

function hashOf(input: TrialAsked, meters: readonly { id: number }[]): string {
  const ids = meters.map(({ id }) => id).sort((a, b) => a - b);
  const inUse = input.switchTest ? [...new Set(input.inUseMeterIds)].sort((a, b) => a - b) : [];
  return sha256Hex(JSON.stringify([input.place.kind, input.place.id, ids, input.switchTest, inUse]));
}

/** Who has a supply switched off has to be somebody who may do both halves of it. */
function demandSwitching(actor: Actor): void {
  for (const permission of ["meter.trip", "meter.close"] as const)
    if (!actor.permissions.has(permission)) throw new AppError("forbidden", { permission });
}

/**
 * Begins no meter any more (取消). Those under way are brought to their end: a supply that was switched off is switched on again first. A second
 * click does no harm.
 */
export async function cancelTrial(
  ctx: FlowContext,
  actor: Actor,
  input: { trialNo: string; reason: string; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const run = await visibleTrial(tx, actor, input.trialNo);
    if (run.state === "cancelling" || run.state === "cancelled") return;
    if (run.state !== "running") throw new AppError("trial_not_running");
    const now = ctx.clock();
    await changeTrial(tx, run, { state: "cancelling", updated_at: now });
    const { reason, ip, trialNo } = input;
    await auditTrial(ctx, tx, {
      ...{ actor: actor.login, action: "trial.cancel", trialNo, reason, ip, at: now, after: null },
    });
  });
}

/**
 * Tries some meters of a run once more (重测): those that failed or had no turn, or those of them that are named. What was found before is kept
 * beside it. `switchTest`: whether they are switched as the run was started; a meter that was not to be switched never is.
 */
export async function repeatTrial(
  ctx: FlowContext,
  actor: Actor,
  input: { trialNo: string; meterIds: readonly number[] | null; switchTest: boolean; ip: string },
): Promise<number> {
  if (input.switchTest) demandSwitching(actor);
  return decide(ctx.db, async (tx) => {
    await nextNumbers(tx, SEQUENCE);
    const run = await visibleTrial(tx, actor, input.trialNo);
    if (run.state === "signed") throw new AppError("trial_signed");
    if (run.state !== "finished" && run.state !== "cancelled") throw new AppError("trial_not_finished");
    const rows = await metersOfTrial(tx, run.trial_no);
    const wanted = input.meterIds === null ? null : new Set(input.meterIds);
    if (wanted !== null && rows.filter((row) => wanted.has(row.meter_id)).length < wanted.size)
      throw new AppError("meter_not_found");
    const again = rows.filter((row) => row.result !== "pass" && (wanted === null || wanted.has(row.meter_id)));
    if (again.length === 0) throw new AppError("trial_nothing_to_repeat");
    const ids = again.map((row) => row.meter_id);
    if ((await openTrialsOf(tx, ids)).length > 0) throw new AppError("trial_running");
    const now = ctx.clock();
    await changeTrial(tx, run, { state: "running", ended_at: null, updated_at: now });
    for (const row of again) {
      await changeTrialMeter(tx, row, {
        ...{ state: "waiting", result: null, attempt: row.attempt + 1, open_meter_id: row.meter_id, step_at: now },
        ...{ read_command_id: null, trip_command_id: null, close_command_id: null, checks: "[]", done_at: null },
        earlier: JSON.stringify([...(JSON.parse(row.earlier) as object[]), earlierAttempt(row)].slice(-EARLIER_MAX)),
        switch_wish: input.switchTest && run.switch_test === 1 ? row.switch_wish : "no",
      });
    }
    const { trialNo, ip } = input;
    const after = { meters: ids, switchTest: input.switchTest };
    await auditTrial(ctx, tx, {
      ...{ actor: actor.login, action: "trial.repeat", trialNo, reason: "", ip, at: now, after },
    });
    return again.length;
  });
}

/** Attempts that are remembered besides the last one. */
const EARLIER_MAX = 10;

function earlierAttempt(row: TrialMeterTable) {
  const failed = (JSON.parse(row.checks) as { outcome: string }[]).filter(({ outcome }) => outcome === "fail");
  return { attempt: row.attempt, at: row.done_at ?? row.step_at, result: row.result, failed };
}

/** A run that the caller sees as a whole; refused otherwise as if there were none. */
export async function visibleTrial(tx: Tx, actor: Actor, trialNo: string): Promise<TrialRunTable> {
  const run = await trialRow(tx, trialNo);
  if (!run || !(await trialInScope(tx, actor.scope, trialNo))) throw new AppError("trial_not_found");
  return run;
}

/** One line of the audit about a run. */
export async function auditTrial(
  ctx: FlowContext,
  tx: Tx,
  of: {
    action: Extract<AuditAction, `trial.${string}`>;
    trialNo: string;
    actor: string;
    reason: string;
    ip: string;
    at: Instant;
    after: object | null;
  },
): Promise<void> {
  const { trialNo, ...entry } = of;
  await addAudit(tx, { id: ctx.newId(of.at), object: `trial:${trialNo}`, before: null, ...entry });
}
