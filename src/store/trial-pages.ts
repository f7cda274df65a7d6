import { SOFTWARE_VERSION } from "#base/version.ts";
import type { Trial, TrialFilter, TrialItem, TrialMeter } from "#contract/trials.ts";
import type { Scope } from "#domain/permission.ts";
import type { SealedTrial } from "#domain/seal.ts";
import { TRIAL_CODE_CHARS } from "#domain/trial.ts";
import type { Tx } from "./db.ts";
import { everyPage } from "./every-page.ts";
import { mentions } from "./mentions.ts";
import { inScope } from "./scope.ts";

/** Runs of one answer. */
export const TRIALS_SHOWN = 50;

/** Runs that the filter holds, and whose meters all lie in the scope. */
function filtered(tx: Tx, scope: Scope, { state, result, search }: TrialFilter) {
  return tx
    .selectFrom("trial_run")
    .innerJoin("project", "project.id", "trial_run.project_id")
    .where((eb) =>
      scope.all
        ? eb.lit(true)
        : eb.not(
            eb.exists(
              eb
                .selectFrom("trial_meter as outer_meter")
                .innerJoin("meter", "meter.id", "outer_meter.meter_id")
                .select("meter.id")
                .whereRef("outer_meter.trial_no", "=", "trial_run.trial_no")
                .where((inner) => inner.not(inScope(inner as never, scope))),
            ),
          ),
    )
    .$if(state !== undefined, (q) => q.where("trial_run.state", "=", state ?? "running"))
    .$if(result !== undefined, (q) =>
      q.where((eb) => {
        const failed = eb.exists(
          eb
            .selectFrom("trial_meter as failed_meter")
            .select("failed_meter.meter_id")
            .whereRef("failed_meter.trial_no", "=", "trial_run.trial_no")
            .where("failed_meter.result", "=", "fail"),
        );
        return result === "failed" ? failed : eb.not(failed);
      }),
    )
    .$if(search !== "", (q) =>
      q.where((eb) =>
        mentions(
          eb,
          ["trial_run.trial_no", "trial_run.place_name", "trial_run.created_name", "trial_run.created_by"],
          search,
        ),
      ),
    );
}

/** All but the report, which may be long. */
const COLUMNS = [
  ...(["trial_run.trial_no", "trial_run.state", "trial_run.place_kind", "trial_run.place_id"] as const),
  ...(["trial_run.place_name", "trial_run.switch_test", "trial_run.meters", "trial_run.created_by"] as const),
  ...(["trial_run.created_name", "trial_run.created_at", "trial_run.ended_at", "trial_run.signed_by"] as const),
  ...(["trial_run.signed_name", "trial_run.signed_at", "trial_run.sign_note"] as const),
] as const;

function rowsOf(tx: Tx, scope: Scope, filter: TrialFilter) {
  const count = (result: "pass" | "fail" | "skipped") =>
    tx
      .selectFrom("trial_meter")
      .whereRef("trial_meter.trial_no", "=", "trial_run.trial_no" as never)
      .where("trial_meter.result", "=", result)
      .select((eb) => eb.fn.countAll<number>().as("n"));
  return filtered(tx, scope, filter)
    .select(COLUMNS)
    .select("project.name as project_name")
    .select(() => [count("pass").as("passed"), count("fail").as("failed"), count("skipped").as("skipped")]);
}

type Row = Awaited<ReturnType<ReturnType<typeof rowsOf>["executeTakeFirstOrThrow"]>>;

/** One page of the runs that the filter holds, the newest first, and how many there are. */
export async function trialPage(
  tx: Tx,
  scope: Scope,
  input: TrialFilter & { page: number },
): Promise<{ items: TrialItem[]; pages: number; total: number }> {
  const total = await countTrials(tx, scope, input);
  const rows = await rowsOf(tx, scope, input)
    .orderBy("trial_run.trial_no", "desc")
    .offset((input.page - 1) * TRIALS_SHOWN)
    .limit(TRIALS_SHOWN)
    .execute();
  return { items: rows.map(toItem), pages: Math.max(1, Math.ceil(total / TRIALS_SHOWN)), total };
}

/** How many runs the filter holds. */
export async function countTrials(tx: Tx, scope: Scope, filter: TrialFilter): Promise<number> {
  const { total } = await filtered(tx, scope, filter)
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** Every run that the filter holds, the newest first. */
export function everyTrial(tx: Tx, scope: Scope, filter: TrialFilter): AsyncGenerator<TrialItem> {
  return everyPage(
    async ({ before, limit }) => {
      const rows = await rowsOf(tx, scope, filter)
        .$if(before !== undefined, (q) => q.where("trial_run.trial_no", "<", before ?? ""))
        .orderBy("trial_run.trial_no", "desc")
        .limit(limit + 1)
        .execute();
      return { items: rows.slice(0, limit).map(toItem), more: rows.length > limit };
    },
    (item) => item.trialNo,
  );
}

/** One run with its meters; null outside the scope. Once it is signed: what was signed. */
export async function trialView(tx: Tx, scope: Scope, trialNo: string): Promise<Omit<Trial, "asOf"> | null> {
  const row = await rowsOf(tx, scope, { search: "" })
    .where("trial_run.trial_no", "=", trialNo)
    .select(["trial_run.report", "trial_run.fingerprint"])
    .executeTakeFirst();
  if (!row) return null;
  const list = await meterList(tx, trialNo);
  const { fingerprint } = row;
  const signed = row.report === null ? null : (JSON.parse(row.report) as SealedTrial);
  return {
    ...toItem(row),
    version: signed?.version ?? SOFTWARE_VERSION,
    meterList: signed === null ? list : list.map((each) => asSigned(each, signed)),
    fingerprint,
    code: fingerprint?.slice(0, TRIAL_CODE_CHARS) ?? null,
  };
}

/** A meter as it stands on the report, whatever the archive says today. */
function asSigned(now: TrialMeter, report: SealedTrial): TrialMeter {
  const signed = report.meters.find(({ meterId }) => meterId === now.meterId);
  if (signed === undefined) return now;
  const { number, label, address, profile, attempt, doneAt } = signed;
  const checks = signed.checks as TrialMeter["checks"];
  return { ...now, number, label, address, profile, attempt, doneAt, checks, result: signed.result as "pass" };
}

async function meterList(tx: Tx, trialNo: string): Promise<TrialMeter[]> {
  const rows = await tx
    .selectFrom("trial_meter")
    .innerJoin("meter", "meter.id", "trial_meter.meter_id")
    .where("trial_meter.trial_no", "=", trialNo)
    .selectAll("trial_meter")
    .select(["meter.number", "meter.label", "meter.address", "meter.profile"])
    .orderBy("trial_meter.seq")
    .execute();
  return rows.map((row) => ({
    ...{ meterId: row.meter_id, number: row.number, label: row.label, address: row.address, profile: row.profile },
    ...{ state: row.state, result: row.result, attempt: row.attempt, switchWish: row.switch_wish },
    checks: JSON.parse(row.checks) as TrialMeter["checks"],
    earlier: JSON.parse(row.earlier) as TrialMeter["earlier"],
    doneAt: row.done_at,
  }));
}

function toItem(row: Row): TrialItem {
  return {
    ...{ trialNo: row.trial_no, state: row.state, project: row.project_name },
    ...{ placeKind: row.place_kind, placeId: row.place_id, placeName: row.place_name },
    ...{ switchTest: row.switch_test === 1, meters: row.meters },
    ...{ passed: Number(row.passed), failed: Number(row.failed), skipped: Number(row.skipped) },
    ...{ createdBy: row.created_by, createdName: row.created_name, createdAt: row.created_at, endedAt: row.ended_at },
    signed:
      row.signed_at === null
        ? null
        : { by: row.signed_by ?? "", name: row.signed_name ?? "", at: row.signed_at, note: row.sign_note },
  };
}
