import { AppError } from "#base/errors.ts";
import type { Actor } from "#domain/permission.ts";
import type { Tx } from "#store/db.ts";
import { addressOnBus, concentratorFor } from "#store/device-pages.ts";
import { nextNumbers } from "#store/sequences.ts";
import { concentratorSeen } from "./archive-step.ts";

/** Where a meter is to hang. `meterId` is null for one that is new. */
export type Place = {
  meterId: number | null;
  projectId: number;
  concentratorId: number;
  bus: number;
  gatewayId: number | null;
  address: string;
};

/**
 * Refuses a place that cannot be: a full concentrator, an address that is taken on that bus, a gateway that is not there, a second bus
 * behind a plain DTU. Two meters that come to one concentrator at once take turns.
 */
export async function demandPlace(tx: Tx, actor: Actor, place: Place): Promise<void> {
  await concentratorSeen(tx, actor, { id: place.concentratorId });
  await demandRoom(tx, place);
  // Once more: it may have been retired while this one waited for its turn.
  const concentrator = await concentratorSeen(tx, actor, { id: place.concentratorId });
  const other = await addressOnBus(tx, place);
  if (other !== null && other.id !== place.meterId) {
    throw new AppError("meter_address_taken", { address: place.address, label: other.label });
  }
  if (place.gatewayId !== null) await demandGateway(tx, place);
  if (concentrator.link_kind === "transparent") await demandOneBus(tx, place);
}

/**
 * The one rule of how many meters a concentrator takes: whoever comes to it when it is full is refused. Whoever comes takes his turn at a
 * row of the concentrator first, so two cannot take the last place. Answers the meters that are there.
 */
export async function demandRoom(
  tx: Tx,
  { meterId, projectId, concentratorId }: Pick<Place, "meterId" | "projectId" | "concentratorId">,
): Promise<{ meterIds: readonly number[] }> {
  await nextNumbers(tx, `bus:${concentratorId}`);
  const room = await concentratorFor(tx, { id: concentratorId, projectId });
  if (room === null) throw new AppError("concentrator_not_found");
  const isThere = meterId !== null && room.meterIds.includes(meterId);
  if (!isThere && room.meters >= room.metersMax) throw new AppError("concentrator_full", { max: room.metersMax });
  return room;
}

/** A gateway hangs on the same bus itself: no chains, no loops. */
async function demandGateway(tx: Tx, place: Place): Promise<void> {
  const gateway = await tx
    .selectFrom("meter")
    .select(["id", "gateway_id", "address"])
    .where("id", "=", place.gatewayId)
    .where("concentrator_id", "=", place.concentratorId)
    .where("bus", "=", place.bus)
    .where("retired_at", "is", null)
    .executeTakeFirst();
  const fits =
    gateway && gateway.gateway_id === null && gateway.id !== place.meterId && /^\d{12}$/.test(gateway.address);
  if (!fits) throw new AppError("gateway_not_found");
}

/** Refuses a bus besides the one that a plain DTU has. */
export async function demandOneBus(tx: Tx, place: Pick<Place, "concentratorId" | "bus" | "meterId">): Promise<void> {
  const elsewhere = await tx
    .selectFrom("meter")
    .select("id")
    .where("concentrator_id", "=", place.concentratorId)
    .where("bus", "<>", place.bus)
    .where("id", "<>", place.meterId ?? 0)
    .where("retired_at", "is", null)
    .executeTakeFirst();
  if (elsewhere) throw new AppError("channel_one_bus");
}
