import { AppError, assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { ROOT_KEY_VERSION_MAX } from "#domain/meter-key.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { activeRootVersion, moveRootKey, rootKeyRow, rootKeyRows } from "#store/keys.ts";
import { insertIgnore } from "#store/portable.ts";
import type { RootKeyTable } from "#store/schema-keys.ts";
import { randomBytesOf } from "#system/crypto.ts";
import type { Sealer } from "#system/seal.ts";
import { builtInModule, rootKeyCheck, type SecurityModule } from "#system/security-module.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

const KEY_BYTES = 16;
const FIRST_VERSION = 1;

/** Who does something about keys on the host, and why. */
export type KeyActor = { by: string; reason: string };

/** What a root key is sealed for. The first one keeps the name that it was sealed under before there were versions. */
export function rootKeyPurpose(version: number): string {
  return version === FIRST_VERSION ? "meter master key" : `root key ${version}`;
}

/** The security module inside this program: root keys lie sealed in the database. */
export function builtInSecurity(ctx: Pick<FlowContext, "db">, sealer: Sealer): SecurityModule {
  return builtInModule(async (version) => {
    const row = await rootKeyRow(ctx.db.read, version);
    return row?.sealed ? sealer.unseal(row.sealed, rootKeyPurpose(version)) : null;
  });
}

/** Sets the first root key of the meters, sealed; false when there is one already (it is never overwritten). */
export async function saveFirstRootKey(ctx: FlowContext, sealer: Sealer, key: Uint8Array): Promise<boolean> {
  return ctx.db.transact((tx) => addFirstRootKey(ctx, tx, sealer, key));
}

/** The same inside a transaction that does more than this. */
export async function addFirstRootKey(ctx: FlowContext, tx: Tx, sealer: Sealer, key: Uint8Array): Promise<boolean> {
  const now = ctx.clock();
  const row: RootKeyTable = {
    version: FIRST_VERSION,
    state: "active",
    sealed: sealer.seal(key, rootKeyPurpose(FIRST_VERSION)),
    check_value: rootKeyCheck(key),
    made_by: "system",
    made_at: now,
    activated_by: "system",
    activated_at: now,
  };
  return (await insertIgnore(tx, "root_key", [row], ["version"])) === 1;
}

/**
 * First step of a rotation: makes the next root key, in the external security module when there is one, else sealed in the database.
 * Nothing uses it before {@link activateRootKey}. One at a time: a second call answers with the one that is prepared.
 */
export async function prepareRootKey(
  ctx: FlowContext,
  sealer: Sealer,
  security: SecurityModule,
  who: KeyActor,
): Promise<{ version: number; check: string }> {
  needsReason(who);
  const rows = await rootKeyRows(ctx.db.read);
  const prepared = rows.find((row) => row.state === "prepared");
  if (prepared) return { version: prepared.version, check: prepared.check_value };
  const version = (rows.at(-1)?.version ?? 0) + 1;
  if (version > ROOT_KEY_VERSION_MAX) throw new AppError("root_keys_used_up", { max: ROOT_KEY_VERSION_MAX });
  const made = await makeKey(sealer, security, version);
  const now = ctx.clock();
  await decide(ctx.db, async (tx) => {
    const row: RootKeyTable = {
      version,
      state: "prepared",
      ...made,
      made_by: who.by,
      made_at: now,
      activated_by: "",
      activated_at: 0,
    };
    if ((await insertIgnore(tx, "root_key", [row], ["version"])) === 0) throw new AppError("root_key_busy");
    await audit(ctx, tx, who, { action: "root_key.prepare", version, now, after: { check: made.check_value } });
  });
  ctx.log.info({ version }, "a root key was prepared");
  return { version, check: made.check_value };
}

async function makeKey(sealer: Sealer, security: SecurityModule, version: number) {
  if (security.where === "external") return { sealed: null, check_value: await security.makeRootKey(version) };
  const key = randomBytesOf(KEY_BYTES);
  return { sealed: sealer.seal(key, rootKeyPurpose(version)), check_value: rootKeyCheck(key) };
}

/**
 * Second step, by another person: the prepared key becomes the one that meters are brought to. The security module must show the very
 * key that was prepared. Meters keep what they have until each has been changed (`requestKeyChanges`).
 */
export async function activateRootKey(
  ctx: FlowContext,
  security: SecurityModule,
  version: number,
  who: KeyActor,
): Promise<void> {
  needsReason(who);
  const check = await security.rootCheck(version);
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const row = await rootKeyRow(tx, version);
    if (row?.state === "active") return;
    if (row?.state !== "prepared") throw new AppError("root_key_not_prepared", { version });
    if (row.made_by === who.by) throw new AppError("root_key_same_person");
    if (check === null || check !== row.check_value) throw new AppError("root_key_contradicts", { version });
    const before = await activeRootVersion(tx);
    if (before !== null) await moveRootKey(tx, { version: before, from: "active", change: { state: "superseded" } });
    const change = { state: "active" as const, activated_by: who.by, activated_at: now };
    await moveRootKey(tx, { version, from: "prepared", change });
    await audit(ctx, tx, who, { action: "root_key.activate", version, now, before: { active: before } });
  });
  ctx.log.info({ version }, "a root key was activated");
}

/** Gives a prepared key up: no meter has it. Its version is never used again. */
export async function abandonRootKey(ctx: FlowContext, version: number, who: KeyActor): Promise<void> {
  needsReason(who);
  await decide(ctx.db, async (tx) => {
    const row = await rootKeyRow(tx, version);
    if (row?.state !== "prepared") throw new AppError("root_key_not_prepared", { version });
    await moveRootKey(tx, { version, from: "prepared", change: { state: "abandoned", sealed: null } });
    await audit(ctx, tx, who, { action: "root_key.abandon", version, now: ctx.clock() });
  });
}

function needsReason({ by, reason }: KeyActor): void {
  assert(by !== "", "somebody does it");
  if (reason === "") throw new AppError("reason_required");
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  who: KeyActor,
  what: { action: AuditAction; version: number; now: Instant; before?: object; after?: object },
): Promise<void> {
  await addAudit(tx, {
    id: ctx.newId(what.now),
    at: what.now,
    actor: who.by,
    action: what.action,
    object: `root_key:${what.version}`,
    before: what.before ?? null,
    after: what.after ?? null,
    reason: who.reason,
    ip: "",
  });
}
