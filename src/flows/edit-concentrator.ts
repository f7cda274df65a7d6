import { AppError } from "#base/errors.ts";
import type {
  ConcentratorAdd,
  ConcentratorEdit,
  ConcentratorMade,
  ConcentratorReplace,
  RetireRequest,
} from "#contract/collection.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { type ConcentratorLink, linkFault, USUAL_LINK } from "#domain/link.ts";
import type { Actor } from "#domain/permission.ts";
import { areaInScope, changeConcentrator, ensureChannel } from "#store/archive.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import { sentCommandsBehind } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { newConcentrator } from "#store/new-concentrator.ts";
import { insertIgnore } from "#store/portable.ts";
import type { ConcentratorTable } from "#store/schema-archive.ts";
import { nextNumbers } from "#store/sequences.ts";
import { randomBytesOf } from "#system/crypto.ts";
import type { Sealer } from "#system/seal.ts";
import { auditArchive, concentratorSeen, keepChange, repeatedChange } from "./archive-step.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { linkKeyPurpose } from "./meter-keys.ts";

const LINK_KEY_BYTES = 16;
/** Links without proof of identity carry no key; nobody gets in with this, because registration by key asks for the kind. */
const NO_KEY = new Uint8Array(0);

/** A context that can also seal link keys. */
export type SealingContext = FlowContext & { readonly sealer: Sealer };

/** Renames a concentrator, or gives its meters a cycle of their own. */
export async function editConcentrator(
  ctx: FlowContext,
  actor: Actor,
  input: ConcentratorEdit & { id: number; ip: string },
): Promise<void> {
  await decide(ctx.db, (tx) => renameConcentrator(ctx, tx, actor, input));
}

/** The same inside a transaction that does more than this. The cycle stays when it is left out. */
export async function renameConcentrator(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  input: Omit<ConcentratorEdit, "readIntervalS"> & { readIntervalS?: number | null; id: number; ip: string },
): Promise<void> {
  const before = await concentratorSeen(tx, actor, input);
  const cycle = input.readIntervalS === undefined ? before.read_interval_s : input.readIntervalS;
  const after = { name: input.name, read_interval_s: cycle };
  if (!(await changeConcentrator(tx, before, after))) throw new AppError("archive_changed", { what: before.name });
  await archiveChanged(tx, [before.id]);
  await audit(ctx, tx, actor, { action: "concentrator.edit", before, after, reason: "", ip: input.ip });
}

/**
 * Enters a new concentrator. Its link key is made here unless the device came with one; a key that was made is in the answer, once:
 * a repeat of the request finds the same concentrator and no key.
 */
export async function addConcentrator(
  ctx: SealingContext,
  actor: Actor,
  input: ConcentratorAdd & { ip: string },
): Promise<ConcentratorMade> {
  const made = keyFor(input.linkKind, input.linkKey);
  return decide(ctx.db, (tx) => enterConcentrator(ctx, tx, actor, { ...input, made }));
}

/** The same inside a transaction that does more than this; the key comes along. */
export async function enterConcentrator(
  ctx: SealingContext,
  tx: Tx,
  actor: Actor,
  input: ConcentratorAdd & { ip: string; made?: LinkKey },
): Promise<ConcentratorMade> {
  const { linkKey: _, ip, key, made = keyFor(input.linkKind, input.linkKey), ...request } = input;
  const earlier = await repeatedChange(tx, { key, request });
  if (earlier !== null) return { id: earlier, code: input.code, linkKey: null };
  const area = await tx
    .selectFrom("area")
    .select(["id", "project_id"])
    .where("id", "=", input.areaId)
    .executeTakeFirst();
  if (!area || !(await areaInScope(tx, actor.scope, area.id))) throw new AppError("area_not_found");
  const link = linkOf(input.linkKind);
  if (linkFault(input.code, link) !== null) throw new AppError("concentrator_code_invalid", { code: input.code });
  const at = ctx.clock();
  const id = await nextNumbers(tx, "concentrator");
  const row = newConcentrator({
    id,
    project_id: area.project_id,
    area_id: area.id,
    code: input.code,
    name: input.name,
    key_sealed: ctx.sealer.seal(made.bytes, linkKeyPurpose(input.code)),
    link_kind: link.kind,
    direction: link.direction,
    trust: link.trust,
  });
  if ((await insertIgnore(tx, "concentrator", [row], ["code"])) === 0) {
    throw new AppError("concentrator_code_taken", { code: input.code });
  }
  await ensureChannel(tx, { concentratorId: id, bus: 1, by: actor.login, at });
  await keepChange(tx, { key, request, objectId: id, at });
  const after = { code: input.code, name: input.name, linkKind: input.linkKind, area: area.id };
  await audit(ctx, tx, actor, { action: "concentrator.add", before: { id }, after, reason: "", ip });
  return { id, code: input.code, linkKey: made.shown };
}

/**
 * Another device takes the place of a concentrator (更换): a new code, a new link key, and everything behind it stays. The old device loses
 * its session within seconds, and can never come back under the old key.
 */
export async function replaceConcentrator(
  ctx: SealingContext,
  actor: Actor,
  input: ConcentratorReplace & { id: number; ip: string },
): Promise<ConcentratorMade> {
  const fresh = randomBytesOf(LINK_KEY_BYTES);
  const { linkKey, ip, key, ...request } = input;
  return decide(ctx.db, async (tx) => {
    const earlier = await repeatedChange(tx, { key, request });
    if (earlier !== null) return { id: earlier, code: input.code, linkKey: null };
    const before = await concentratorSeen(tx, actor, input);
    const link: ConcentratorLink = { ...linkOf(before.link_kind), trust: before.trust };
    if (linkFault(input.code, link) !== null) throw new AppError("concentrator_code_invalid", { code: input.code });
    const taken = await tx.selectFrom("concentrator").select("id").where("code", "=", input.code).executeTakeFirst();
    if (taken && taken.id !== before.id) throw new AppError("concentrator_code_taken", { code: input.code });
    const commands = await sentCommandsBehind(tx, before.id);
    if (commands > 0) throw new AppError("concentrator_busy", { commands });
    const proves = before.link_kind === "jichao";
    const bytes = !proves ? NO_KEY : linkKey === null ? fresh : Buffer.from(linkKey, "hex");
    const at = ctx.clock();
    const change = {
      code: input.code,
      key_sealed: ctx.sealer.seal(bytes, linkKeyPurpose(input.code)),
      owner: null,
      epoch: before.epoch + 1,
      lease_until: 0,
      online: 0 as const,
      online_changed_at: at,
      rssi_dbm: null,
      // Certificate and first address were those of the old device.
      tls_fingerprint: null,
      first_source: null,
    };
    if (!(await changeConcentrator(tx, before, change))) throw new AppError("archive_changed", { what: before.name });
    await archiveChanged(tx, [before.id]);
    await keepChange(tx, { key, request, objectId: before.id, at });
    const after = { code: input.code, newKey: proves };
    await audit(ctx, tx, actor, { action: "concentrator.replace", before, after, reason: input.reason, ip });
    return { id: before.id, code: input.code, linkKey: proves && linkKey === null ? hexOf(fresh) : null };
  });
}

/** Takes a concentrator out of use. Its meters must have been moved or retired before; nothing speaks to it any more. */
export async function retireConcentrator(
  ctx: FlowContext,
  actor: Actor,
  input: RetireRequest & { id: number; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    await nextNumbers(tx, `bus:${input.id}`); // nobody hangs a meter on it meanwhile
    const before = await concentratorSeen(tx, actor, input);
    const { meters } = await tx
      .selectFrom("meter")
      .where("concentrator_id", "=", before.id)
      .where("retired_at", "is", null)
      .select((eb) => eb.fn.countAll<number>().as("meters"))
      .executeTakeFirstOrThrow();
    if (Number(meters) > 0) throw new AppError("concentrator_in_use", { meters: Number(meters) });
    const after = { retired_at: ctx.clock(), trust: "none" as const };
    if (!(await changeConcentrator(tx, before, after))) throw new AppError("archive_changed", { what: before.name });
    await archiveChanged(tx, [before.id]);
    await audit(ctx, tx, actor, { action: "concentrator.retire", before, after, reason: input.reason, ip: input.ip });
  });
}

/** How a link of this kind begins: what cannot prove itself is not spoken to until somebody allows it, and then only reads. */
function linkOf(kind: ConcentratorLink["kind"]): ConcentratorLink {
  return kind === "jichao" ? USUAL_LINK : { ...USUAL_LINK, kind, trust: "limited" };
}

type LinkKey = { bytes: Uint8Array; shown: string | null };

function keyFor(kind: ConcentratorLink["kind"], typed: string | null): LinkKey {
  if (kind !== "jichao") return { bytes: NO_KEY, shown: null };
  if (typed !== null) return { bytes: Buffer.from(typed, "hex"), shown: null };
  const bytes = randomBytesOf(LINK_KEY_BYTES);
  return { bytes, shown: hexOf(bytes) };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

async function audit(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  of: {
    action: AuditAction;
    before: Partial<ConcentratorTable> & { id: number };
    after: object;
    reason: string;
    ip: string;
  },
): Promise<void> {
  const { key_sealed: _, ...before } = of.before;
  await auditArchive(ctx, tx, {
    actor: actor.login,
    action: of.action,
    object: `concentrator:${before.id}`,
    before,
    after: of.after,
    reason: of.reason,
    ip: of.ip,
    at: ctx.clock(),
  });
}
