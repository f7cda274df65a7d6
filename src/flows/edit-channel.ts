import { AppError } from "#base/errors.ts";
import type { ChannelRequest } from "#contract/collection.ts";
import type { Actor } from "#domain/permission.ts";
import { channelRow } from "#store/archive.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import type { Tx } from "#store/db.ts";
import { insertIgnore, updatedRows } from "#store/portable.ts";
import type { ConcentratorTable } from "#store/schema-archive.ts";
import { nextNumbers } from "#store/sequences.ts";
import { auditArchive, concentratorSeen } from "./archive-step.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { demandItemSet } from "./edit-collection.ts";

/**
 * Adds a channel (通道) to a concentrator, or changes one: its name, speed, cycle, items, and whether it is read at all. Commands of
 * people still go out on a channel that is switched off.
 */
export async function saveChannel(
  ctx: FlowContext,
  actor: Actor,
  input: ChannelRequest & { concentratorId: number; ip: string },
): Promise<void> {
  await decide(ctx.db, async (tx) => {
    const concentrator = await concentratorSeen(tx, actor, { id: input.concentratorId });
    await demandItemSet(tx, input.itemSetId, concentrator.project_id);
    const at = ctx.clock();
    const change = {
      name: input.name,
      kind: input.kind,
      baud: input.baud,
      enabled: input.enabled ? (1 as const) : (0 as const),
      read_interval_s: input.readIntervalS,
      item_set_id: input.itemSetId,
      updated_by: actor.login,
      updated_at: at,
    };
    const place = { concentrator_id: concentrator.id, bus: input.bus };
    const before = (await channelRow(tx, { concentratorId: concentrator.id, bus: input.bus })) ?? null;
    if (input.version === null) {
      await demandRoom(tx, concentrator);
      const added = await insertIgnore(
        tx,
        "channel",
        [{ ...place, ...change, version: 0 }],
        ["concentrator_id", "bus"],
      );
      if (added === 0) throw new AppError("channel_exists", { bus: input.bus });
    } else {
      const result = await tx
        .updateTable("channel")
        .set((eb) => ({ ...change, version: eb("version", "+", 1) }))
        .where("concentrator_id", "=", concentrator.id)
        .where("bus", "=", input.bus)
        .where("version", "=", input.version)
        .executeTakeFirst();
      if (updatedRows(result) === 0) throw new AppError("archive_changed", { what: before?.name ?? input.name });
    }
    await archiveChanged(tx, [concentrator.id]);
    await auditArchive(ctx, tx, {
      actor: actor.login,
      action: input.version === null ? "channel.add" : "channel.edit",
      object: `channel:${concentrator.id}/${input.bus}`,
      before,
      after: change,
      reason: "",
      ip: input.ip,
      at,
    });
  });
}

/** The bytes of a plain DTU carry no port: one bus is all it can have. */
async function demandRoom(tx: Tx, concentrator: ConcentratorTable): Promise<void> {
  if (concentrator.link_kind !== "transparent") return;
  await nextNumbers(tx, `bus:${concentrator.id}`); // two that are added at once take turns
  const { count } = await tx
    .selectFrom("channel")
    .where("concentrator_id", "=", concentrator.id)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  if (Number(count) > 0) throw new AppError("channel_one_bus");
}
