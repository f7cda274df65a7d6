import { AppError, isDatabaseAway } from "#base/errors.ts";
import { DAY_MS, dayOf, later, MINUTE_MS } from "#base/time.ts";
import type { ImportCounts, ImportFacts, ImportFault, ImportRow } from "#domain/import-fault.ts";
import type { Actor } from "#domain/permission.ts";
import type { Tx } from "#store/db.ts";
import {
  addParts,
  changeImport,
  claimImport,
  dropParts,
  holdImport,
  importRow,
  nextStep,
  oldImports,
  partGroups,
  partsOf,
  takeStep,
} from "#store/imports.ts";
import type { ArchiveImportTable } from "#store/schema-imports.ts";
import { actorOf } from "#store/users.ts";
import { pause } from "#system/clock.ts";
import { randomToken, sha256Hex } from "#system/crypto.ts";
import { faultPoint } from "#system/fault-point.ts";
import { auditImport, pieces } from "./archive-import.ts";
import { decide } from "./decide.ts";
import type { SealingContext } from "./edit-concentrator.ts";
import { carryOut, IMPORT_KEY_PURPOSE } from "./import-apply.ts";
import { permissionsFor, planImport } from "./import-plan.ts";
import type { ImportChange, ImportPlan } from "./import-planning.ts";
import { seeArchive } from "./import-seen.ts";
import { linkKeyPurpose } from "./meter-keys.ts";

/** So many changes are one transaction, whole or not at all: less than a second of the one writer. */
const WHOLE_MAX = 500;
/** Beyond that, steps of so many: payments and readings get their turn in between. */
const STEP_CHANGES = 50;
/** A server that says nothing for so long has died; another one goes on. */
const LEASE_MS = 2 * MINUTE_MS;
/** What nobody accepted is forgotten, its names and telephones with it. */
const KEPT_MS = 7 * DAY_MS;

/** What one run of the job comes to: whether there is more to do. */
export async function runImports(ctx: SealingContext): Promise<boolean> {
  const now = ctx.clock();
  const token = randomToken();
  const waits = await ctx.db.read
    .selectFrom("archive_import")
    .select("id")
    .where("state", "in", ["uploaded", "accepted", "running"])
    .limit(1)
    .executeTakeFirst();
  if (!waits) return forgetOld(ctx);
  const row = await ctx.db.transact((tx) => claimImport(tx, { token, now, until: later(now, LEASE_MS) }));
  if (row === null) return false;
  if (row.state === "running") await carryOn(ctx, row);
  else await check(ctx, row);
  return true;
}

async function forgetOld(ctx: SealingContext): Promise<boolean> {
  const ids = await oldImports(ctx.db.read, later(ctx.clock(), -KEPT_MS), 5);
  for (const id of ids) await ctx.db.transact((tx) => dropParts(tx, id, ["rows", "cells", "faults", "step"]));
  return ids.length > 0;
}

/** Compares an import with the archive; one that was accepted goes on only when the outcome is what the person saw. */
async function check(ctx: SealingContext, row: ArchiveImportTable): Promise<void> {
  const isAccepted = row.state === "accepted";
  const actor = await actorOf(ctx.db.read, (isAccepted ? row.accepted_by_id : null) ?? row.made_by_id);
  if (actor === null || !actor.permissions.has("archive.import")) {
    await ctx.db.transact((tx) => changeImport(tx, row, { state: "cancelled", ended_at: ctx.clock() }));
    return;
  }
  const { plan, facts } = await planOf(ctx, row, actor);
  if (plan.faults.length === 0 && !isAccepted) await rehearse(ctx, { row, actor, plan });
  const hash = sha256Hex(JSON.stringify(plan.changes));
  const faults = plan.faults.length;
  const told = { facts: JSON.stringify({ facts, counts: plan.counts }), faults, changes: plan.changes.length, done: 0 };
  const rest = { lease_token: null, lease_until: 0 };
  if (isAccepted && (hash !== row.plan_hash || faults > 0)) {
    await ctx.db.transact((tx) => changeImport(tx, row, { ...rest, state: "outdated", ended_at: ctx.clock() }));
    return;
  }
  const kind = isAccepted ? "step" : "faults";
  const list: readonly unknown[] = isAccepted ? plan.changes : plan.faults;
  const perPart = !isAccepted || list.length > WHOLE_MAX ? STEP_CHANGES : WHOLE_MAX;
  if (!(await whileHeld(ctx, row, (tx) => dropParts(tx, row.id, [kind])))) return;
  for await (const group of partGroups(pieces(row.id, kind, list, perPart))) {
    const isHeld = await whileHeld(ctx, row, async (tx) => {
      const first = group[0]?.n ?? 0;
      const written = await tx
        .selectFrom("archive_import_part")
        .select("n")
        .where("import_id", "=", row.id)
        .where("kind", "=", kind)
        .where("n", "=", first)
        .executeTakeFirst();
      if (!written) await addParts(tx, group);
    });
    if (!isHeld) return;
  }
  const next = isAccepted ? ({ ...rest, ...told, state: "running" } as const) : { ...rest, ...told, plan_hash: hash };
  await ctx.db.transact((tx) => changeImport(tx, row, isAccepted ? next : { ...next, state: "checked" }));
}

/**
 * One transaction of a check, only while the import is held: a server that was slower than its lease must not put back the steps that
 * another one is carrying out. False when it is not held any more.
 */
function whileHeld(ctx: SealingContext, row: ArchiveImportTable, body: (tx: Tx) => Promise<void>): Promise<boolean> {
  return ctx.db.transact(async (tx) => {
    if (!(await holdImport(tx, row, later(ctx.clock(), LEASE_MS)))) return false;
    await body(tx);
    return true;
  });
}

async function planOf(ctx: SealingContext, row: ArchiveImportTable, actor: Actor) {
  const tx = ctx.db.read;
  const rows: ImportRow[] = [];
  const cellFaults: ImportFault[] = [];
  for await (const part of partsOf(tx, row.id, "rows")) {
    rows.push(...(JSON.parse(part.content) as ImportRow[]));
    await pause(0);
  }
  for await (const part of partsOf(tx, row.id, "cells")) {
    cellFaults.push(...(JSON.parse(part.content) as ImportFault[]));
  }
  const { facts } = JSON.parse(row.facts) as { facts: ImportFacts; counts: ImportCounts };
  const now = ctx.clock();
  const seen = await seeArchive(tx, actor, { projectId: row.project_id, rows, now });
  const isKeyOf = (concentrator: { code: string; key_sealed: string }, sealed: string) => {
    if (concentrator.key_sealed === "") return false;
    const own = Buffer.from(ctx.sealer.unseal(concentrator.key_sealed, linkKeyPurpose(concentrator.code)));
    const said = Buffer.from(ctx.sealer.unseal(sealed, IMPORT_KEY_PURPOSE)).toString();
    return own.toString("hex") === said.toLowerCase();
  };
  const plan = await planImport({ rows, cellFaults, facts, seen, actor, today: dayOf(now), isKeyOf });
  return { plan, facts };
}

class Rehearsed extends Error {}

/** What is small enough for one transaction is carried out and undone: the flows themselves say what they would refuse. */
async function rehearse(
  ctx: SealingContext,
  { row, actor, plan }: { row: ArchiveImportTable; actor: Actor; plan: ImportPlan },
): Promise<void> {
  if (plan.changes.length === 0 || plan.changes.length > WHOLE_MAX) return;
  let at: ImportChange | undefined;
  try {
    await decide(ctx.db, async (tx) => {
      for (at of plan.changes) await carryOut(ctx, tx, at, carrying(row, actor));
      throw new Rehearsed();
    });
  } catch (error) {
    if (error instanceof Rehearsed) return;
    if (!(error instanceof AppError) || isDatabaseAway(error) || at === undefined) throw error;
    const { sheet, row: number } = at;
    const { code, details } = error;
    plan.faults.push({ sheet, row: number, column: "", key: "", value: "", code, details });
  }
}

function carrying(row: ArchiveImportTable, actor: Actor) {
  return { importId: row.id, projectId: row.project_id, actor, ip: row.ip };
}

/** Step after step, each in one transaction with the mark that it is done. */
async function carryOn(ctx: SealingContext, claimed: ArchiveImportTable): Promise<void> {
  for (;;) {
    const step = await nextStep(ctx.db.read, claimed.id);
    if (step === undefined) return end(ctx, claimed);
    const changes = JSON.parse(step.content) as ImportChange[];
    let at: ImportChange | undefined;
    let isMine: boolean;
    try {
      isMine = await decide(ctx.db, async (tx) => {
        const row = await importRow(tx, claimed.id);
        if (row?.state !== "running" || row.lease_token !== claimed.lease_token) return false;
        if (!(await takeStep(tx, claimed.id, step.n))) return true;
        const actor = await actorOf(tx, claimed.accepted_by_id ?? 0);
        for (at of changes) {
          demandStill(actor, at);
          await carryOut(ctx, tx, at, carrying(claimed, actor));
        }
        const lease_until = later(ctx.clock(), LEASE_MS);
        faultPoint("import:before-step-commit");
        return changeImport(tx, row, { done: row.done + changes.length, lease_until });
      });
    } catch (error) {
      if (!(error instanceof AppError) || isDatabaseAway(error)) throw error;
      return stop(ctx, claimed, error, at);
    }
    if (!isMine) return;
    faultPoint("import:after-step");
    await pause(0);
  }
}

/** Who said yes may have lost the right since, also half way. */
function demandStill(actor: Actor | null, change: ImportChange): asserts actor is Actor {
  for (const permission of ["archive.import", ...permissionsFor(change)] as const)
    if (!actor?.permissions.has(permission)) throw new AppError("forbidden", { permission });
}

async function end(ctx: SealingContext, claimed: ArchiveImportTable): Promise<void> {
  await ctx.db.transact(async (tx) => {
    const row = await importRow(tx, claimed.id);
    if (row?.state !== "running" || row.lease_token !== claimed.lease_token) return;
    const ended = { state: "done", ended_at: ctx.clock(), lease_token: null, lease_until: 0 } as const;
    if (!(await changeImport(tx, row, ended))) return;
    await dropParts(tx, row.id, ["rows", "cells", "step"]);
    const after = { file: row.file_name, hash: row.file_hash, ...JSON.parse(row.facts), done: row.done };
    const actor = row.accepted_by ?? row.made_by;
    await auditImport(ctx, tx, { row, actor, action: "archive.import.done", after, ip: row.ip });
  });
  ctx.log.info({ import: claimed.id }, "archive import done");
}

/** Somebody changed the archive meanwhile: the step that met it is undone, those before it stay, and the person is told where it stopped. */
async function stop(
  ctx: SealingContext,
  claimed: ArchiveImportTable,
  error: AppError,
  at: ImportChange | undefined,
): Promise<void> {
  const { code, details } = error;
  const fault = { sheet: at?.sheet ?? "meters", row: at?.row ?? 0, column: "", key: "", value: "", code, details };
  await ctx.db.transact(async (tx) => {
    const row = await importRow(tx, claimed.id);
    if (row?.state !== "running" || row.lease_token !== claimed.lease_token) return;
    const ended = { state: "stopped", ended_at: ctx.clock(), lease_token: null, lease_until: 0 } as const;
    await changeImport(tx, row, { ...ended, stopped_by: JSON.stringify(fault) });
    await dropParts(tx, row.id, ["step"]);
    const after = { file: row.file_name, hash: row.file_hash, done: row.done, of: row.changes, code, row: fault.row };
    await auditImport(ctx, tx, { row, actor: row.accepted_by ?? "", action: "archive.import.stop", after, ip: row.ip });
  });
  ctx.log.warn({ import: claimed.id, code }, "archive import stopped");
}
