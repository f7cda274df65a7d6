import { SECOND_MS } from "#base/time.ts";
import { GUARD_RETRY_MS, mayTrip } from "#flows/off-guard.ts";
import { markSent, RELAY_DID_NOT_MOVE } from "#flows/settle-command.ts";
import { toHex } from "#protocol/bytes.ts";
import { encodeRelay, type RelayAction } from "#protocol/dlt645/commands.ts";
import { encodeFrame645 } from "#protocol/dlt645/frame.ts";
import { pause } from "#system/clock.ts";
import { faultPoint } from "#system/fault-point.ts";
import { type CommandRun, OFFLINE_RETRY_MS } from "./command-run.ts";
import type { MeterTold } from "./meter-readings.ts";
import { relayValidUntil } from "./profiles.ts";

/** A relay moves within a second, an external breaker within some; after these pauses it has not moved. */
const LOOK_AGAIN_MS = [0, 200, 500, 1_000, 2_000, 4_000] as const;
const NOT_NOW_RETRY_MS = 5 * SECOND_MS;

/**
 * Trips, closes or permits to close, and then reads the relay: only what the meter shows is reported as done. A trip
 * passes the collector's own guard each time before it is sent.
 */
export async function switchSupply(run: CommandRun, action: RelayAction): Promise<void> {
  const release = run.bus.hold();
  try {
    if (run.claimed.mayHaveHappened && !(await isStillWanted(run))) return;
    if (action === "trip" && !(await isTripAllowed(run))) return;
    await sendSwitch(run, action);
  } finally {
    release();
  }
}

/** After a doubt the relay itself is asked. True: it shows that the command has not happened, so it is sent (again). */
async function isStillWanted(run: CommandRun): Promise<boolean> {
  const told = await run.readBack(["status"]);
  const open = relayOpen(told);
  if (told.kind === "closed") await run.giveBack(OFFLINE_RETRY_MS, "concentrator_offline");
  else if (open === undefined) await run.settle({ kind: "silent" });
  else {
    const step = await run.settle({ kind: "read_back_relay", relayOpen: open });
    await run.ingest.flush();
    return step === "send";
  }
  return false;
}

async function isTripAllowed(run: CommandRun): Promise<boolean> {
  const { ctx, startedAt, claimed } = run;
  const verdict = await mayTrip(ctx, { commandId: claimed.id, startedAt });
  if (verdict.ok) return true;
  ctx.log.warn({ command: claimed.id, meter: claimed.meterId, why: verdict.why }, "a trip was held back by the guard");
  await run.giveBack(verdict.retryInMs, verdict.why);
  return false;
}

async function sendSwitch(run: CommandRun, action: RelayAction): Promise<void> {
  const { ctx, claimed, profile } = run;
  const { relayPassword: password, operator, wakeUpBytes } = profile;
  const validUntil = relayValidUntil(profile, ctx.clock());
  const frame = encodeRelay(claimed.address, { action, password, operator, validUntil });
  const marked = await markSent(ctx, claimed, () => toHex(encodeFrame645(frame, wakeUpBytes)));
  if (!marked.ok) {
    return run.giveBack(marked.why === "guard" ? GUARD_RETRY_MS : NOT_NOW_RETRY_MS, marked.why);
  }
  faultPoint("pump:after-sent-mark");
  const told = await run.send(frame, marked.frameHex);
  if (told.kind === "answered" && told.answer.kind === "done") return confirmByLooking(run, action);
  if (told.kind === "answered" && told.answer.kind === "refused") {
    return settleRefusal(run, action, told.answer.reasons, told.answer.code);
  }
  await run.settle({ kind: "silent" });
}

/** The answer says "taken", not "done": the relay is read until it shows what was wanted. */
async function confirmByLooking(run: CommandRun, action: RelayAction): Promise<void> {
  let told: MeterTold = { kind: "silent" };
  for (const pauseMs of LOOK_AGAIN_MS) {
    await pause(pauseMs);
    told = await run.readBack(["status"]);
    if (relayOpen(told) === undefined || shows(told, action)) break;
  }
  const open = relayOpen(told);
  if (open === undefined) await run.settle({ kind: "silent" });
  else if (shows(told, action)) await run.settle({ kind: "confirmed", result: { relayOpen: open } });
  else await run.settle({ kind: "refused", reason: RELAY_DID_NOT_MOVE, codes: [] });
  await run.ingest.flush();
}

async function settleRefusal(
  run: CommandRun,
  action: RelayAction,
  reasons: readonly string[],
  code: number,
): Promise<void> {
  const told = await run.readBack(["status"]);
  const open = relayOpen(told);
  if (open === undefined) await run.settle({ kind: "silent" });
  else if (shows(told, action)) await run.settle({ kind: "confirmed", result: { relayOpen: open } });
  else await run.settle({ kind: "refused", reason: reasons.join(",") || `code_${code}`, codes: [...reasons] });
  await run.ingest.flush();
}

function relayOpen(told: MeterTold): boolean | undefined {
  return told.kind === "answered" ? told.values.status3?.relayOpen : undefined;
}

/** Whether the status word shows what was wanted; a permission shows in the command bit while the relay stays open. */
function shows(told: MeterTold, action: RelayAction): boolean {
  const open = relayOpen(told);
  if (open === undefined || told.kind !== "answered") return false;
  if (action === "permit_close") return !open || told.relayCommandedOpen === false;
  return open === (action === "trip");
}
