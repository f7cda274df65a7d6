import { AppError } from "#base/errors.ts";
import { parseMoney } from "#base/units.ts";
import type { MeterAdd } from "#contract/collection.ts";
import type { Actor } from "#domain/permission.ts";
import { topUpsMax } from "#protocol/profiles.ts";
import { areaInScope, ensureChannel } from "#store/archive.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import type { Tx } from "#store/db.ts";
import { meterWithNumber } from "#store/device-pages.ts";
import { addEvents } from "#store/events.ts";
import { insertIgnore } from "#store/portable.ts";
import type { MeterTable } from "#store/schema-archive.ts";
import { nextNumbers } from "#store/sequences.ts";
import { auditArchive, concentratorSeen, keepChange, repeatedChange } from "./archive-step.ts";
import { beginMeter } from "./begin-meter.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { roomIn } from "./enroll-people.ts";
import { indexTyped } from "./index-typed.ts";
import { demandPlace } from "./meter-place.ts";
import { checkProfile } from "./meter-profile.ts";

/** Until somebody enters what the meter is rated for: 60 A on one phase, with a margin. */
const POWER_MAX_W = 15_000;
/** The usual limit of the first reminder, in Wh or litres. */
const LOW_CREDIT_WH = 20_000;

/**
 * Takes one new meter into use, in an empty room: it is read from the next second on, and a tenant begins by moving in. The same key
 * again answers with the same meter.
 */
export async function addMeter(ctx: FlowContext, actor: Actor, input: MeterAdd & { ip: string }): Promise<number> {
  const meterId = await decide(ctx.db, (tx) => enterMeter(ctx, tx, actor, input));
  ctx.log.info({ meter: meterId, number: input.number }, "meter entered");
  return meterId;
}

/** A meter to enter. `room` is the room that it measures, its label when left out. */
export type MeterEntry = MeterAdd & { ip: string; room?: string };

/** The same inside a transaction that does more than this. */
export async function enterMeter(ctx: FlowContext, tx: Tx, actor: Actor, input: MeterEntry): Promise<number> {
  const { key, ip: _, ...request } = input;
  const earlier = await repeatedChange(tx, { key, request });
  return earlier ?? (await enter(ctx, tx, actor, { ...input, request }));
}

/** Where the credit of a meter of this model is kept: behind transformers it counts other units than are sold. */
export function creditHome(meter: { profile: string; ratio: number }): "meter" | "server" {
  return topUpsMax(meter.profile) === null || meter.ratio !== 1 ? "server" : "meter";
}

async function enter(ctx: FlowContext, tx: Tx, actor: Actor, input: MeterEntry & { request: object }) {
  const at = ctx.clock();
  const concentrator = await concentratorSeen(tx, actor, { id: input.concentratorId });
  const { project_id: projectId } = concentrator;
  const area = await tx
    .selectFrom("area")
    .select(["id", "project_id"])
    .where("id", "=", input.areaId)
    .executeTakeFirst();
  if (area?.project_id !== projectId || !(await areaInScope(tx, actor.scope, input.areaId))) {
    throw new AppError("area_not_found");
  }
  if ((await meterWithNumber(tx, input.number)) !== null) {
    throw new AppError("meter_number_taken", { number: input.number });
  }
  checkProfile({ ...input, creditAt: creditHome(input), purchaseCount: 0 });
  await demandPlace(tx, actor, { ...input, meterId: null, projectId });
  const price = parseMoney(input.price, 4);
  if (price === null || price <= 0) throw new AppError("amount_invalid", { max: 9_999 });
  const meterId = await nextNumbers(tx, "meter");
  const row: MeterTable = {
    id: meterId,
    project_id: projectId,
    area_id: input.areaId,
    room_id: await roomIn(tx, { areaId: input.areaId, name: input.room ?? input.label }),
    box_id: null,
    account_id: null,
    number: input.number,
    label: input.label,
    kind: input.kind,
    profile: input.profile,
    address: input.address,
    concentrator_id: concentrator.id,
    bus: input.bus,
    mode: input.mode,
    switch_kind: input.switchKind,
    closes_by: input.closesBy,
    price_e4: price,
    ratio: input.ratio,
    power_max_w: input.powerMaxW ?? POWER_MAX_W * input.ratio,
    low_credit_wh: input.lowCreditWh ?? LOW_CREDIT_WH,
    supply_guard: 0,
    created_at: at,
    gateway_id: input.gatewayId,
    installation: 1,
    item_set_id: null,
    master_of: null,
    version: 0,
    retired_at: null,
  };
  if ((await insertIgnore(tx, "meter", [row], ["number"])) === 0) {
    throw new AppError("meter_number_taken", { number: input.number });
  }
  const indexWh = indexTyped(input.openIndex);
  await beginMeter(tx, { meterId, profile: input.profile, indexWh, remainingWh: null, purchaseCount: 0, now: at });
  await ensureChannel(tx, { concentratorId: concentrator.id, bus: input.bus, by: actor.login, at });
  await archiveChanged(tx, [concentrator.id]);
  await keepChange(tx, { key: input.key, request: input.request, objectId: meterId, at });
  const detail = { by: actor.name };
  await addEvents(tx, [{ id: ctx.newId(at), meterId, at, kind: "archive_changed", severity: "info", detail }]);
  const entry = {
    actor: actor.login,
    action: "meter.add" as const,
    object: `meter:${meterId}`,
    before: null,
    after: row,
  };
  await auditArchive(ctx, tx, { ...entry, reason: "", ip: input.ip, at });
  return meterId;
}
