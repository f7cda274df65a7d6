import type { Instant } from "#base/time.ts";
import type { Tx } from "#store/db.ts";
import { nextNumbers } from "#store/sequences.ts";

/** The room of this name in an area; made when it is new: the electricity and the water meter of a room hang in one. */
export async function roomIn(tx: Tx, room: { areaId: number; name: string }): Promise<number> {
  const known = await tx
    .selectFrom("room")
    .select("id")
    .where("area_id", "=", room.areaId)
    .where("name", "=", room.name)
    .executeTakeFirst();
  if (known) return known.id;
  const id = await nextNumbers(tx, "room");
  await tx.insertInto("room").values({ id, area_id: room.areaId, name: room.name }).execute();
  return id;
}

/** The customer of this number (客户编号) in a project; made when he is new: all his rooms, accounts and meters share one wallet. */
export async function customerFor(
  tx: Tx,
  customer: { projectId: number; number: string; name: string; phone: string; now: Instant },
): Promise<number> {
  const known = await tx
    .selectFrom("customer")
    .select("id")
    .where("project_id", "=", customer.projectId)
    .where("number", "=", customer.number)
    .executeTakeFirst();
  if (known) return known.id;
  const id = await nextNumbers(tx, "customer");
  await tx
    .insertInto("customer")
    .values({
      id,
      project_id: customer.projectId,
      number: customer.number,
      name: customer.name,
      phone: customer.phone,
      created_at: customer.now,
    })
    .execute();
  return id;
}
