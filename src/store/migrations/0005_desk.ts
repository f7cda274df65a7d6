import { type Kysely, sql } from "kysely";
import type { Schema } from "../schema.ts";
import {
  actor,
  addColumns,
  addIndex,
  code,
  int,
  type Kind,
  key,
  long,
  makeTables,
  maybe,
  name,
  reason,
  type Table,
  text,
} from "./make-tables.ts";

const tables: Readonly<Record<string, Table>> = {
  payment: {
    columns: {
      payment_no: code,
      idem_key: key,
      request_hash: text(64),
      project_id: int,
      customer_id: maybe(int),
      channel: code,
      external_id: maybe(key),
      amount_e4: int,
      outcome: code,
      outcome_reason: reason,
      shift_id: maybe(int),
      receipt_no: code,
      parts: int,
      prints: int,
      taken_by: actor,
      taken_at: int,
      note: reason,
    },
    key: ["payment_no"],
    unique: [["idem_key"], ["project_id", "receipt_no"], ["channel", "external_id"]],
    indexes: [["customer_id", "taken_at"], ["shift_id"], ["taken_at"]],
  },
  receipt_print: {
    columns: { payment_no: code, n: int, idem_key: key, printed_by: actor, printed_at: int },
    key: ["payment_no", "n"],
    unique: [["idem_key"]],
    indexes: [["printed_by", "printed_at"]],
  },
  shift: {
    columns: {
      id: int,
      project_id: int,
      user_id: int,
      cashier: actor,
      cashier_name: name,
      open_key: maybe(key),
      state: code,
      opened_at: int,
      opened_by: code,
      float_e4: int,
      closed_at: maybe(int),
      closed_by: maybe(actor),
      expected_e4: maybe(int),
      counted_e4: maybe(int),
      reason,
      version: int,
    },
    key: ["id"],
    unique: [["open_key"]],
    indexes: [
      ["project_id", "opened_at"],
      ["user_id", "opened_at"],
    ],
  },
  shift_count: {
    columns: {
      shift_id: int,
      n: int,
      idem_key: key,
      denominations: maybe(long),
      counted_e4: int,
      expected_e4: int,
      shift_version: int,
      counted_by: actor,
      counted_at: int,
    },
    key: ["shift_id", "n"],
    unique: [["idem_key"]],
  },
};

/** Payments with receipts and shifts; a customer gets a number; what was paid before gets its payment, in order. */
export async function up(db: Kysely<Schema>, kind: Kind): Promise<void> {
  await makeTables(db, kind, tables);
  await addColumns(db, kind, "recharge_order", {
    payment_no: { column: code, fill: "" },
    part: { column: int, fill: 1 },
  });
  await addColumns(db, kind, "customer", { number: { column: code, fill: "" } });
  await addIndex(db, kind, "recharge_order", ["payment_no"]);
  await addIndex(db, kind, "customer", ["number"]);
  await numberCustomers(db);
  await makePayments(db);
  await countReceipts(db);
  await keepOldCash(db);
}

/** A customer is known by the first number that meters know him by. */
async function numberCustomers(db: Kysely<Schema>): Promise<void> {
  const numbers = await db
    .selectFrom("customer")
    .innerJoin("account", "account.customer_id", "customer.id")
    .where("customer.number", "=", "")
    .select((eb) => ["customer.id", eb.fn.min("account.number").as("number")])
    .groupBy("customer.id")
    .execute();
  for (const { id, number } of numbers) await db.updateTable("customer").set({ number }).where("id", "=", id).execute();
}

const ORDERS_PER_STEP = 200;

/** Receipts are numbered without a gap in the order of the payments; whatever is there already when a step is run again keeps its number. */
async function makePayments(db: Kysely<Schema>): Promise<void> {
  for (;;) {
    const orders = await db
      .selectFrom("recharge_order")
      .innerJoin("meter", "meter.id", "recharge_order.meter_id")
      .leftJoin("payment", "payment.payment_no", "recharge_order.order_no")
      .where("recharge_order.payment_no", "=", "")
      .selectAll("recharge_order")
      .select(["meter.project_id", "payment.payment_no as made"])
      .orderBy("recharge_order.order_no")
      .limit(ORDERS_PER_STEP)
      .execute();
    if (orders.length === 0) return;
    for (const order of orders) {
      if (order.made === null) {
        // The day stands in the order's number: R20260801000012.
        const year = order.order_no.slice(1, 5);
        const { taken } = await db
          .selectFrom("payment")
          .where("project_id", "=", order.project_id)
          .where("receipt_no", "like", `${year}-%`)
          .select((eb) => eb.fn.countAll<number>().as("taken"))
          .executeTakeFirstOrThrow();
        const next = Number(taken) + 1;
        await db
          .insertInto("payment")
          .values({
            payment_no: order.order_no,
            idem_key: order.idem_key,
            request_hash: order.request_hash,
            project_id: order.project_id,
            customer_id: order.customer_id,
            channel: order.channel,
            external_id: null,
            amount_e4: order.amount_e4,
            outcome: "recharged",
            outcome_reason: "",
            shift_id: order.channel === "cash" ? order.project_id : null,
            receipt_no: `${year}-${String(next).padStart(6, "0")}`,
            parts: 1,
            prints: 0,
            taken_by: order.created_by,
            taken_at: order.created_at,
            note: order.note,
          })
          .execute();
      }
      await db
        .updateTable("recharge_order")
        .set({ payment_no: order.order_no })
        .where("order_no", "=", order.order_no)
        .execute();
    }
  }
}

/** The next receipt follows the last that is there: counted from the rows, so a try that stopped between a payment and its number does no harm. */
async function countReceipts(db: Kysely<Schema>): Promise<void> {
  const payments = await db
    .selectFrom("payment")
    .select((eb) => [
      "project_id",
      eb.fn<string>("substr", ["receipt_no", sql.lit(1), sql.lit(4)]).as("year"),
      eb.fn.countAll<number>().as("taken"),
    ])
    .groupBy(["project_id", "year"])
    .execute();
  for (const { project_id, year, taken } of payments) {
    const name = `receipt:${project_id}:${year}`;
    const next = Number(taken) + 1;
    const known = await db.selectFrom("sequence").select("next").where("name", "=", name).executeTakeFirst();
    if (!known) await db.insertInto("sequence").values({ name, next }).execute();
    else if (known.next < next) await db.updateTable("sequence").set({ next }).where("name", "=", name).execute();
  }
}

/**
 * Cash of the time before shifts stands on `cash:<project>`. The ledger is never rewritten, so each such project gets one shift of the house
 * with the project's id, to be counted and closed like any other; new shifts are numbered above.
 */
async function keepOldCash(db: Kysely<Schema>): Promise<void> {
  const projects = await db.selectFrom("project").select("id").orderBy("id").execute();
  const last = projects.at(-1)?.id ?? 0;
  for (const { id } of projects) {
    const first = await db
      .selectFrom("payment")
      .where("project_id", "=", id)
      .where("channel", "=", "cash")
      .select((eb) => eb.fn.min("taken_at").as("at"))
      .executeTakeFirst();
    const at = Number(first?.at ?? 0);
    const there = await db.selectFrom("shift").select("id").where("id", "=", id).executeTakeFirst();
    if (at === 0 || there) continue;
    await db
      .insertInto("shift")
      .values({
        id,
        project_id: id,
        user_id: 0,
        cashier: "house",
        cashier_name: "",
        open_key: `${id}:0`,
        state: "open",
        opened_at: at,
        opened_by: "takeover",
        float_e4: 0,
        closed_at: null,
        closed_by: null,
        expected_e4: null,
        counted_e4: null,
        reason: "",
        version: 0,
      })
      .execute();
  }
  const known = await db.selectFrom("sequence").select("next").where("name", "=", "shift").executeTakeFirst();
  if (!known && last > 0)
    await db
      .insertInto("sequence")
      .values({ name: "shift", next: last + 1 })
      .execute();
}
