import { type Instant, later, MINUTE_MS } from "#base/time.ts";
import { expiryMs, priority } from "#domain/command.ts";
import type { TrialHeard } from "#domain/trial.ts";
import { addCommand, type NewCommand } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { meterState } from "#store/meters.ts";
import type { CommandTable } from "#store/schema-commands.ts";
import type { TrialMeterTable } from "#store/schema-trials.ts";
import { wasAnythingHeard } from "#store/trials.ts";
import type { FlowContext } from "./context.ts";

/** A trip of a test that has not left by then is never sent. */
export const TEST_TRIP_EXPIRES_MS = MINUTE_MS;
/**
 * The close of a test waits in the database from before the trip leaves, and is due after this at the latest: if every server died meanwhile,
 * the collector alone brings supply back.
 */
export const TEST_CLOSE_DUE_MS = 2 * MINUTE_MS;

type Asked = { of: TrialMeterTable; concentratorId: number; now: Instant; by: string };

/** Asks the meter to be read, its clock included, and says which command that is. */
export async function askRead(ctx: FlowContext, tx: Tx, asked: Asked): Promise<string> {
  return ask(ctx, tx, asked, { kind: "read", half: "read", payload: { clock: true }, expiresMs: expiryMs.read });
}

/**
 * Asks for a trip and, in the same transaction, for the close that follows it whatever becomes of the trip. The close names the trip:
 * when it leaves, the trip is over.
 */
export async function askSwitchTest(
  ctx: FlowContext,
  tx: Tx,
  asked: Asked,
): Promise<{ tripId: string; closeId: string }> {
  const tripId = await ask(ctx, tx, asked, {
    kind: "trip",
    half: "trip",
    payload: {},
    expiresMs: TEST_TRIP_EXPIRES_MS,
  });
  const close = { kind: "close", half: "close", payload: { undoes: tripId }, expiresMs: expiryMs.close } as const;
  const closeId = await ask(ctx, tx, asked, close);
  await tx
    .updateTable("command")
    .set({ not_before: later(asked.now, TEST_CLOSE_DUE_MS) })
    .where("id", "=", closeId)
    .execute();
  return { tripId, closeId };
}

async function ask(
  ctx: FlowContext,
  tx: Tx,
  { of, concentratorId, now, by }: Asked,
  what: { kind: "read" | "trip" | "close"; half: string; payload: object; expiresMs: number },
): Promise<string> {
  const id = ctx.newId(now);
  // A trip of an empty room is not sent any more when somebody has moved in since: its key says so.
  const mark = what.kind === "trip" && of.switch_wish === "vacant" ? "trial-vacant" : "trial";
  const command: NewCommand = {
    id,
    idem_key: `${mark}:${of.trial_no}:${of.meter_id}:${of.attempt}:${what.half}`,
    meter_id: of.meter_id,
    concentrator_id: concentratorId,
    kind: what.kind,
    cause: "operator",
    priority: priority[what.kind],
    payload: JSON.stringify(what.payload),
    order_no: null,
    reason: of.trial_no,
    requested_by: by,
    expires_at: later(now, what.expiresMs),
    created_at: now,
  };
  await addCommand(tx, command);
  return id;
}

/** A command of a trial as it is now. */
export function commandOf(tx: Tx, id: string | null): Promise<CommandTable | undefined> {
  return tx
    .selectFrom("command")
    .selectAll()
    .where("id", "=", id ?? "")
    .executeTakeFirst();
}

type ReadResult = {
  energyWh?: number;
  remainingWh?: number;
  purchaseCount?: number;
  powerW?: number | null;
  relayOpen?: boolean | null;
  clockSeconds?: number | null;
};

/** What a read that has ended told; what was believed of the index stands in the meter's state. */
export async function heardBy(
  tx: Tx,
  command: CommandTable,
  why: "no_answer" | "concentrator_offline" | "not_asked",
): Promise<TrialHeard> {
  const meterId = command.meter_id;
  if (command.state !== "confirmed") {
    return { kind: "silent", why, heardOther: await wasAnythingHeard(tx, { meterId, commandId: command.id }) };
  }
  const told = JSON.parse(command.result ?? "{}") as ReadResult;
  const state = await meterState(tx, meterId);
  const indexWh = told.energyWh ?? null;
  const isBelow = indexWh !== null && state.index_wh !== null && indexWh < state.index_wh;
  return {
    kind: "answered",
    indexWh,
    index: state.index_at >= command.created_at ? "fits" : isBelow ? "below" : "jump",
    knownWh: state.index_wh,
    relayOpen: told.relayOpen,
    remainingWh: told.remainingWh ?? null,
    purchaseCount: told.purchaseCount ?? null,
    clockSeconds: told.clockSeconds,
    powerW: told.powerW ?? null,
  };
}
