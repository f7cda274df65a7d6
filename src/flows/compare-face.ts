import { AppError } from "#base/errors.ts";
import { type Instant, instant, MINUTE_MS } from "#base/time.ts";
import type { FaceReading } from "#contract/setup.ts";
import type { Actor } from "#domain/permission.ts";
import { FACE_READING_MS_MAX, type FaceTyped, judgeFace } from "#domain/setup.ts";
import { meterArchiveRow } from "#store/archive.ts";
import type { FaceReadingTable } from "#store/schema-setup.ts";
import { keepFace } from "#store/setup.ts";
import { auditArchive } from "./archive-step.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { indexTyped } from "./index-typed.ts";

/**
 * Compares what somebody reads off the face of a meter (表面示数) with what a reading command has just read, and keeps both. Of one reading one
 * comparison is kept: the same number again answers with it, another number is refused until the meter was read again.
 */
export async function compareFace(
  ctx: FlowContext,
  actor: Actor,
  input: { meterId: number; commandId: string; typed: string; ip: string },
): Promise<FaceReading> {
  const typed = faceTyped(input.typed);
  return decide(ctx.db, async (tx) => {
    const meter = await meterArchiveRow(tx, actor.scope, input.meterId);
    if (meter === undefined) throw new AppError("meter_not_found");
    const command = await tx
      .selectFrom("command")
      .select(["kind", "state", "result", "done_at"])
      .where("id", "=", input.commandId)
      .where("meter_id", "=", meter.id)
      .executeTakeFirst();
    if (command === undefined || command.kind !== "read") throw new AppError("command_not_found");
    const readWh = (JSON.parse(command.result ?? "{}") as { energyWh?: number }).energyWh;
    if (command.state !== "confirmed" || command.done_at === null || readWh === undefined)
      throw new AppError("face_not_read");
    const now = ctx.clock();
    const readAt = instant(command.done_at);
    const row: FaceReadingTable = {
      ...{ id: ctx.newId(now), meter_id: meter.id, command_id: input.commandId },
      ...{ typed: input.typed.trim(), typed_wh: typed.wh, typed_at: now, read_wh: readWh, read_at: readAt },
      ...verdictOf({ typed, typedAt: now, readWh, readAt }, meter),
      ...{ made_by: actor.login, made_name: actor.name },
    };
    const kept = await keepFace(tx, row);
    if (kept.id !== row.id) {
      if (kept.typed_wh === row.typed_wh) return faceView(kept);
      throw new AppError("face_taken", { name: kept.made_name, typed: kept.typed });
    }
    if (now - readAt > FACE_READING_MS_MAX)
      throw new AppError("face_reading_old", { minutes: FACE_READING_MS_MAX / MINUTE_MS });
    await auditArchive(ctx, tx, {
      ...{ actor: actor.login, action: "setup.face", object: `meter:${meter.id}`, at: now, ip: input.ip, reason: "" },
      before: null,
      after: { typed: row.typed, readWh, readAt, verdict: row.verdict },
    });
    return faceView(kept);
  });
}

function verdictOf(
  what: { typed: FaceTyped; typedAt: Instant; readWh: number; readAt: Instant },
  meter: { power_max_w: number; ratio: number },
) {
  const { verdict, hint } = judgeFace({ ...what, powerMaxW: meter.power_max_w, ratio: meter.ratio });
  return { verdict, hint };
}

function faceTyped(text: string): FaceTyped {
  const decimals = /\.(\d+)$/.exec(text.trim())?.[1]?.length ?? 0;
  return { wh: indexTyped(text), digitWh: 10 ** (3 - decimals) };
}

/** A comparison as it goes over the wire. */
export function faceView(row: FaceReadingTable): FaceReading {
  return {
    ...{ id: row.id, meterId: row.meter_id, typed: row.typed, typedAt: row.typed_at },
    ...{ readWh: row.read_wh, readAt: row.read_at, differenceWh: row.typed_wh - row.read_wh },
    ...{ verdict: row.verdict, hint: row.hint, by: row.made_name },
  };
}
