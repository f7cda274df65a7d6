import type { Instant } from "#base/time.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { addAudit } from "#store/audit.ts";
import { addCommand, OPEN_STATES } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { activeRootVersion, addMeterKey, meterKeyRow } from "#store/keys.ts";
import { claimMeterState } from "#store/meters.ts";
import { updatedRows } from "#store/portable.ts";
import type { MeterKeyTable } from "#store/schema-keys.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import type { KeyActor } from "./root-keys.ts";

/** What a concentrator's link key is sealed for. */
export function linkKeyPurpose(code: string): string {
  return `concentrator:${code}`;
}

/** Which version of the key the books think that a meter has; undefined when nobody knows yet: ask the meter. */
export function meterKey(ctx: FlowContext, meterId: number): Promise<MeterKeyTable | undefined> {
  return meterKeyRow(ctx.db.read, meterId);
}

/**
 * The meter was asked and has told its key, which is ours: that counts, whatever the books said. A difference goes into history and
 * audit, because somebody has changed the meter, or the books are those of a backup.
 */
export async function noteMeterKey(ctx: FlowContext, told: { meterId: number; version: number }): Promise<void> {
  const known = await meterKeyRow(ctx.db.read, told.meterId);
  if (known?.version === told.version && known.next_version === null) return;
  await decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const { meterId, version } = told;
    if (await addMeterKey(tx, { meterId, version, at: now })) return;
    const row = await meterKeyRow(tx, meterId);
    if (row === undefined || (row.version === version && row.next_version === null)) return;
    await setMeterKey(ctx, tx, { ...told, before: row.version, at: now, why: "found" });
  });
}

/** Enters a meter's key version; history and audit say when it is another than before. */
export async function setMeterKey(
  ctx: FlowContext,
  tx: Tx,
  key: { meterId: number; version: number; before: number; at: Instant; why: "changed" | "found" },
): Promise<void> {
  const { meterId, version, before, at, why } = key;
  await tx
    .updateTable("meter_key")
    .set({ version, next_version: null, asked_at: at, ...(version === before ? {} : { changed_at: at }) })
    .where("meter_id", "=", meterId)
    .execute();
  if (version === before) return;
  const severity = why === "found" ? "warning" : "info";
  await addEvents(tx, [
    { id: ctx.newId(at), meterId, at, kind: "key_changed", severity, detail: { keyVersion: version, before, why } },
  ]);
  await addAudit(tx, {
    id: ctx.newId(at),
    at,
    actor: "collector",
    action: `meter_key.${why}`,
    object: `meter:${meterId}`,
    before: { version: before },
    after: { version },
    reason: "",
    ip: "",
  });
}

/** Meters in one transaction: short enough to let others write. */
const PAGE = 200;

/**
 * Asks every meter that has an older key to take the active one, by a command each. Can be stopped and run again: what is under way
 * is left alone, what waits for an older version is replaced, what ended without success is asked anew.
 */
export async function requestKeyChanges(
  ctx: FlowContext,
  who: KeyActor,
): Promise<{ version: number; requested: number; underWay: number }> {
  const version = (await activeRootVersion(ctx.db.read)) ?? 0;
  const total = { version, requested: 0, underWay: 0 };
  for (let after: number | null = 0; after !== null; ) {
    const from: number = after;
    const page = await decide(ctx.db, (tx) => requestPage(ctx, tx, { version, after: from, who }));
    total.requested += page.requested;
    total.underWay += page.underWay;
    after = page.next;
  }
  return total;
}

type Page = { version: number; after: number; who: KeyActor };

async function requestPage(ctx: FlowContext, tx: Tx, { version, after, who }: Page) {
  const now = ctx.clock();
  const meters = await tx
    .selectFrom("meter_key")
    .innerJoin("meter", "meter.id", "meter_key.meter_id")
    .select(["meter.id", "meter.concentrator_id", "meter_key.version"])
    .where("meter_key.version", "<", version)
    .where("meter.id", ">", after)
    .orderBy("meter.id")
    .limit(PAGE)
    .execute();
  let requested = 0;
  for (const meter of meters) {
    await claimMeterState(tx, meter.id);
    if (!(await makeRoom(tx, { meterId: meter.id, version, now }))) continue;
    const id = ctx.newId(now);
    await addCommand(tx, {
      id,
      idem_key: `key:${id}`,
      meter_id: meter.id,
      concentrator_id: meter.concentrator_id,
      kind: "change_key",
      cause: "operator",
      priority: priority.change_key,
      payload: JSON.stringify({ to: version }),
      order_no: null,
      reason: who.reason,
      requested_by: who.by,
      expires_at: now + expiryMs.change_key,
      created_at: now,
    });
    requested++;
  }
  if (requested > 0) {
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: who.by,
      action: "meter_key.request",
      object: `root_key:${version}`,
      before: null,
      after: { meters: meters.map((meter) => meter.id) },
      reason: who.reason,
      ip: "",
    });
  }
  const next = meters.length === PAGE ? (meters.at(-1)?.id ?? null) : null;
  return { requested, underWay: meters.length - requested, next };
}

/** Takes back a change to an older version that was never sent. False when one is under way. */
async function makeRoom(tx: Tx, at: { meterId: number; version: number; now: Instant }): Promise<boolean> {
  const open = await tx
    .selectFrom("command")
    .select(["id", "payload", "sent_at"])
    .where("meter_id", "=", at.meterId)
    .where("kind", "=", "change_key")
    .where("state", "in", [...OPEN_STATES])
    .executeTakeFirst();
  if (!open) return true;
  if (open.sent_at !== null || keyVersionTo(open.payload) === at.version) return false;
  const result = await tx
    .updateTable("command")
    .set({ state: "cancelled", state_reason: "superseded", lease_token: null, lease_until: 0, done_at: at.now })
    .where("id", "=", open.id)
    .where("sent_at", "is", null)
    .executeTakeFirst();
  return updatedRows(result) === 1;
}

/** The version that a command to change a key leads to; null for other commands. */
export function keyVersionTo(payload: string): number | null {
  const { to } = JSON.parse(payload) as { to?: unknown };
  return typeof to === "number" ? to : null;
}
