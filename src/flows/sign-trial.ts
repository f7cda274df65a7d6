import { AppError, assert } from "#base/errors.ts";
import { SOFTWARE_VERSION } from "#base/version.ts";
import type { TrialVerdict } from "#contract/trials.ts";
import type { Actor } from "#domain/permission.ts";
import { type SealedTrial, trialText } from "#domain/seal.ts";
import { TRIAL_CODE_CHARS } from "#domain/trial.ts";
import { OPEN_STATES } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import type { TrialRunTable } from "#store/schema-trials.ts";
import { trialView } from "#store/trial-pages.ts";
import { changeTrial } from "#store/trials.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { auditTrial, visibleTrial } from "./trial.ts";

/**
 * Signs the report of a run that has finished (签字验收): what stands on it is written down once, with its fingerprint, which also goes into the audit
 * and so under the chain of its seals. Nothing changes the report afterwards. The same signature again does no harm.
 */
export async function signTrial(
  ctx: FlowContext,
  actor: Actor,
  input: { trialNo: string; note: string; ip: string },
): Promise<void> {
  if (input.note === "") throw new AppError("reason_required");
  await decide(ctx.db, async (tx) => {
    const { trialNo, note, ip } = input;
    const run = await visibleTrial(tx, actor, trialNo);
    if (run.state === "signed") {
      if (run.signed_by === actor.login && run.sign_note === note) return;
      throw new AppError("trial_signed");
    }
    if (run.state !== "finished") throw new AppError("trial_not_finished");
    await demandSupplyBack(tx, trialNo);
    const now = ctx.clock();
    const report = await reportOf(tx, actor, run, { by: actor.login, name: actor.name, at: now, note });
    const fingerprint = sha256Hex(trialText(report));
    await changeTrial(tx, run, {
      ...{ state: "signed", signed_by: actor.login, signed_name: actor.name, signed_at: now, sign_note: note },
      ...{ report: JSON.stringify(report), fingerprint, updated_at: now },
    });
    const failed = report.meters.filter(({ result }) => result !== "pass").length;
    const after = { fingerprint, meters: report.meters.length, failed };
    await auditTrial(ctx, tx, { actor: actor.login, action: "trial.sign", trialNo, reason: note, ip, at: now, after });
  });
  ctx.log.info({ trial: input.trialNo, by: actor.login }, "trial report signed");
}

/** No report is signed while a test has left somebody without supply. */
async function demandSupplyBack(tx: Tx, trialNo: string): Promise<void> {
  const off = await tx
    .selectFrom("trial_meter")
    .innerJoin("meter", "meter.id", "trial_meter.meter_id")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("command", "command.meter_id", "trial_meter.meter_id")
    .where("trial_meter.trial_no", "=", trialNo)
    .where("command.reason", "=", trialNo)
    .where("command.kind", "=", "close")
    .where((eb) =>
      eb.or([
        eb("command.state", "in", [...OPEN_STATES]),
        eb.and([eb("command.state", "in", ["refused", "expired", "stopped"]), eb("meter_state.relay", "=", "open")]),
      ]),
    )
    .select("meter.label")
    .limit(1)
    .executeTakeFirst();
  if (off) throw new AppError("trial_still_off", { label: off.label });
}

async function reportOf(tx: Tx, actor: Actor, run: TrialRunTable, signed: SealedTrial["signed"]): Promise<SealedTrial> {
  const seen = await trialView(tx, actor.scope, run.trial_no);
  assert(seen !== null && run.ended_at !== null, "a run that has finished is seen by who may sign it");
  return {
    no: run.trial_no,
    project: seen.project,
    place: seen.placeName,
    version: SOFTWARE_VERSION,
    begun: { by: run.created_by, at: run.created_at },
    endedAt: run.ended_at,
    meters: seen.meterList.map((each) => ({
      ...{ meterId: each.meterId, number: each.number, label: each.label, address: each.address },
      ...{ profile: each.profile, result: each.result ?? "", attempt: each.attempt, doneAt: each.doneAt ?? 0 },
      checks: each.checks,
    })),
    signed,
  };
}

/** Compares a copy with what was signed, what was signed with its fingerprint, and that with the audit. */
export async function verifyTrial(
  tx: Tx,
  actor: Actor,
  input: { trialNo: string; code: string },
): Promise<TrialVerdict> {
  const run = await visibleTrial(tx, actor, input.trialNo);
  if (run.fingerprint === null || run.report === null) throw new AppError("trial_not_finished");
  const code = input.code.replace(/[\s-]/g, "").toLowerCase();
  if (code.length < TRIAL_CODE_CHARS) throw new AppError("trial_code_short", { min: TRIAL_CODE_CHARS });
  const now = sha256Hex(trialText(JSON.parse(run.report) as SealedTrial));
  const rows = await tx
    .selectFrom("audit")
    .select("after")
    .where("object", "=", `trial:${run.trial_no}`)
    .where("action", "=", "trial.sign")
    .execute();
  const told = rows.map((row) => (JSON.parse(row.after ?? "{}") as { fingerprint?: string }).fingerprint);
  return {
    matches: now.startsWith(code),
    intact: now === run.fingerprint,
    audited: told.length === 1 && told[0] === now,
  };
}
