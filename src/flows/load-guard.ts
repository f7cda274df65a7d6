import { AppError } from "#base/errors.ts";
import { type Instant, later } from "#base/time.ts";
import type { AuditAction } from "#domain/audit-action.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { isSameGuard, isWatching, type LoadGuardSettings } from "#domain/load-guard.ts";
import type { Actor } from "#domain/permission.ts";
import { hasLoadGuard } from "#protocol/profiles.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import { addAudit } from "#store/audit.ts";
import { addCommand, supersede, takeBackUnsent } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import {
  forgetGuardShown,
  loadGuardOf,
  parseGuard,
  saveGuardTold,
  saveGuardWanted,
  wantedOf,
} from "#store/load-guard.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import type { CommandTable } from "#store/schema-commands.ts";
import type { Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { commandByKey, operatorKey } from "./request-command.ts";
import { endLockAlarm } from "./take-load-guard.ts";

type GuardKind = "set_load_guard" | "release_load_guard";
type Asked = { meterId: number; key: string; ip: string };
type Done = { commandId: string; created: boolean };

/**
 * Says what the load guard (安全用电) of a meter watches for. It is kept, written to the meter, and counts as set when the meter shows it. The same key
 * again answers with the same command.
 */
export async function setLoadGuard(
  ctx: FlowContext,
  actor: Actor,
  input: Asked & { settings: LoadGuardSettings; reason: string },
): Promise<Done> {
  const { settings, reason } = input;
  const isSame = (payload: { settings?: unknown }) =>
    isSameGuard(parseGuard(JSON.stringify(payload.settings ?? null)), settings);
  return request(ctx, actor, { ...input, kind: "set_load_guard", reason, isSame }, async (tx, { meter, now }) => {
    const before = wantedOf(await loadGuardOf(tx, meter.id));
    await saveGuardWanted(tx, meter.id, { settings, by: actor.login, at: now });
    await archiveChanged(tx, [meter.concentrator_id]);
    return { action: "loadguard.set", payload: { settings }, before: { ...before }, after: { ...settings } };
  });
}

/**
 * Lets go of a meter that its load guard has locked (解除安全锁定), after somebody has been there: `note` is what was found. Only for the very lock-out that
 * was seen: should the meter have tripped again meanwhile, it stays off.
 */
export async function releaseLoadGuard(ctx: FlowContext, actor: Actor, input: Asked & { note: string }): Promise<Done> {
  const asked = { ...input, kind: "release_load_guard", reason: input.note, isSame: () => true } as const;
  return request(ctx, actor, asked, async (tx, { meter }) => {
    const guard = await loadGuardOf(tx, meter.id);
    if (guard?.state === "waiting") throw new AppError("load_guard_waiting");
    if (guard?.state !== "locked") throw new AppError("load_guard_free");
    const { cause, trips, total, power_w: powerW, tripped_at: trippedAt } = guard;
    return {
      ...{ action: "loadguard.release", payload: { total }, before: { cause, trips, powerW, trippedAt }, after: {} },
    };
  });
}

type Facts = Readonly<Record<string, unknown>>;
type Wish = Asked & { kind: GuardKind; reason: string; isSame(payload: { settings?: unknown }): boolean };
type Prepared = { action: AuditAction; payload: Facts; before: Facts; after: Facts };

/** One wish about a guard: one command, however often it is asked for, and whoever asks at the same time. */
function request(
  ctx: FlowContext,
  actor: Actor,
  wish: Wish,
  prepare: (tx: Tx, on: { meter: GuardedMeter; now: Instant }) => Promise<Prepared>,
): Promise<Done> {
  return decide(ctx.db, async (tx) => {
    const meter = await guardedMeter(tx, actor, wish.meterId);
    // Taken before it is looked whether this was asked for already: the second of two clicks comes after the first.
    await claimMeterState(tx, meter.id);
    const earlier = await repeated(tx, wish);
    if (earlier !== null) return earlier;
    const now = ctx.clock();
    const { kind, reason, ip } = wish;
    const { action, payload, before, after } = await prepare(tx, { meter, now });
    const command = {
      kind,
      key: operatorKey(wish.key),
      payload,
      reason,
      now,
      cause: "operator",
      by: actor.login,
    } as const;
    const commandId = await ask(ctx, tx, meter, command);
    const detail = { command: commandId, asked: kind, reason, by: actor.name };
    await addEvents(tx, [
      { id: ctx.newId(now), meterId: meter.id, at: now, kind: "command_requested", severity: "info", detail },
    ]);
    await addAudit(tx, {
      ...{ id: ctx.newId(now), at: now, actor: actor.login, action, object: `meter:${meter.id}` },
      ...{ before, after: { ...after, command: commandId }, reason, ip },
    });
    return { commandId, created: true };
  });
}

/** Another device has come into the meter's place, or it is spoken to in another way: it is told what it is to watch for, if it can do that. */
export async function moveLoadGuard(
  ctx: FlowContext,
  tx: Tx,
  meter: {
    id: number;
    concentratorId: number;
    profile: string;
    cause: "exchange" | "operator";
    by: string;
    now: Instant;
  },
): Promise<void> {
  const guard = await loadGuardOf(tx, meter.id);
  if (guard === null) return;
  await forgetLoadGuard(ctx, tx, meter.id);
  const settings = wantedOf(guard);
  if (!hasLoadGuard(meter.profile) || !isWatching(settings)) return;
  const { now, by, cause } = meter;
  const place = { id: meter.id, concentrator_id: meter.concentratorId };
  await ask(ctx, tx, place, {
    ...{ kind: "set_load_guard", key: `load-guard:${meter.id}:${now}`, payload: { settings }, reason: "", now },
    ...{ cause, by },
  });
}

/**
 * What nobody has told the guard of a meter yet holds up nobody who changes the meter: to another device, or in another language, it is told anew
 * ({@link moveLoadGuard}), and a meter out of use needs none of it.
 */
export async function takeBackGuardOrders(tx: Tx, { meterId, at }: { meterId: number; at: Instant }): Promise<void> {
  const kinds = ["set_load_guard", "release_load_guard"] as const;
  await takeBackUnsent(tx, { meterId, kinds, why: "device_changed", at });
}

/** What was known of a guard is of another device, or was told in another language: it is asked anew, and a lock-out counts no more. */
export async function forgetLoadGuard(ctx: FlowContext, tx: Tx, meterId: number): Promise<void> {
  await forgetGuardShown(tx, meterId);
  await endLockAlarm(ctx, tx, meterId, "replaced");
}

/** The meter has shown that it watches for what it was told to. */
export async function confirmLoadGuard(ctx: FlowContext, tx: Tx, { claimed, command, now }: Settling): Promise<void> {
  if (claimed.kind !== "set_load_guard") return;
  const { settings } = JSON.parse(command.payload) as { settings: LoadGuardSettings };
  await saveGuardTold(tx, claimed.meterId, settings, now);
  const { maxW, stepW, maliciousW } = settings;
  const detail = { command: claimed.id, maxW, stepW, maliciousW };
  await addEvents(tx, [
    { id: ctx.newId(now), meterId: claimed.meterId, at: now, kind: "load_guard_set", severity: "info", detail },
  ]);
}

type GuardedMeter = Awaited<ReturnType<typeof guardedMeter>>;

async function guardedMeter(tx: Tx, actor: Actor, meterId: number) {
  const meter = await meterToAct(tx, actor.scope, meterId);
  if (!meter) throw new AppError("meter_not_found");
  if (meter.switch_kind === "none") throw new AppError("meter_without_switch");
  if (!hasLoadGuard(meter.profile)) throw new AppError("load_guard_missing", { profile: meter.profile });
  return meter;
}

async function repeated(tx: Tx, wish: Wish): Promise<Done | null> {
  const earlier = await commandByKey(tx, operatorKey(wish.key));
  if (earlier === null) return null;
  const isRepeat = earlier.meterId === wish.meterId && earlier.kind === wish.kind;
  if (!isRepeat || !wish.isSame(JSON.parse(earlier.payload) as { settings?: unknown }))
    throw new AppError("command_key_conflict");
  return { commandId: earlier.id, created: false };
}

type NewAsk = {
  kind: GuardKind;
  key: string;
  payload: Readonly<Record<string, unknown>>;
  reason: string;
  cause: CommandTable["cause"];
  by: string;
  now: Instant;
};

/** The newest wish of its kind counts: an older one that has not ended is taken back. */
async function ask(
  ctx: FlowContext,
  tx: Tx,
  meter: { id: number; concentrator_id: number },
  input: NewAsk,
): Promise<string> {
  const { kind, key, payload, reason, cause, by, now } = input;
  const id = ctx.newId(now);
  const fresh = await addCommand(tx, {
    ...{ id, idem_key: key, meter_id: meter.id, concentrator_id: meter.concentrator_id, kind, cause },
    ...{ priority: priority[kind], payload: JSON.stringify(payload), order_no: null, reason, requested_by: by },
    ...{ expires_at: later(now, expiryMs[kind]), created_at: now },
  });
  // Asked at the same time for another meter under the same key.
  if (!fresh) throw new AppError("command_key_conflict");
  await supersede(tx, { meterId: meter.id, kinds: [kind], by: id, why: "superseded", at: now });
  return id;
}
