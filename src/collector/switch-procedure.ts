import { SECOND_MS } from "#base/time.ts";
import { GUARD_RETRY_MS, mayTrip } from "#flows/off-guard.ts";
import { HELD_BY_GUARD, markSent, RELAY_DID_NOT_MOVE } from "#flows/settle-command.ts";
import { toHex } from "#protocol/bytes.ts";
import type { SwitchAction } from "#protocol/dlt645/relay.ts";
import { pause } from "#system/clock.ts";
import { faultPoint } from "#system/fault-point.ts";
import { type CommandRun, OFFLINE_RETRY_MS } from "./command-run.ts";
import type { Switching } from "./drivers/driver.ts";
import type { MeterTold } from "./meter-readings.ts";

/** A relay moves within a second: it is looked at soon, and then at ease for as long as the model may take to move. */
const LOOK_SOON_MS = [0, 200, 500, 1_000, 2_000, 4_000] as const;
const LOOK_LATER_MS = 5 * SECOND_MS;
const NOT_NOW_RETRY_MS = 5 * SECOND_MS;
/** The valve says that something is wrong with it: where it stands is not known. */
const VALVE_FAULT = "valve_fault";

/** What the meter shows of its switch: supply on, supply off, nothing that means either, or no answer at all. */
type Shown = "on" | "off" | "unclear" | "silent";

/**
 * Trips, closes or permits to close, and then reads the switch: only what the meter shows is reported as done. A model
 * whose switch nothing proves is told once and never again for this command; its outcome stays unproven. A trip passes
 * the collector's own guard each time before it is sent.
 */
export async function switchSupply(run: CommandRun, action: SwitchAction): Promise<void> {
  const { switching } = run.driver;
  if (switching === null) return void (await run.settle({ kind: "refused", reason: "no_switch", codes: [] }));
  const release = run.bus.hold();
  try {
    if (run.claimed.mayHaveHappened && !(await isStillWanted(run, switching))) return;
    if (action === "trip" && !(await isTripAllowed(run))) return;
    await sendSwitch(run, switching, action);
  } finally {
    release();
  }
}

/** After a doubt the switch itself is asked. True: it shows that the command has not happened, so it is sent (again). */
async function isStillWanted(run: CommandRun, switching: Switching): Promise<boolean> {
  if (!switching.proves) {
    await run.settle({ kind: "unproven" });
    return false;
  }
  const told = await run.readBack(["status"]);
  const seen = shown(told);
  if (told.kind === "closed") await run.giveBack(OFFLINE_RETRY_MS, "concentrator_offline");
  else if (seen === "silent") await run.settle({ kind: "silent" });
  else {
    await run.ingest.flush();
    if (seen === "unclear") await run.settle({ kind: "silent", why: VALVE_FAULT });
    else return (await run.settle({ kind: "read_back_relay", relayOpen: seen === "off" })) === "send";
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

async function sendSwitch(run: CommandRun, switching: Switching, action: SwitchAction): Promise<void> {
  const { ctx, claimed, bus } = run;
  const command = { address: claimed.address, action, now: ctx.clock(), serial: bus.serial() };
  const marked = await markSent(ctx, claimed, () => toHex(switching.encode(command)));
  if (!marked.ok) {
    const isHeld = marked.why === "guard" || marked.why === HELD_BY_GUARD;
    return run.giveBack(isHeld ? GUARD_RETRY_MS : NOT_NOW_RETRY_MS, marked.why);
  }
  faultPoint("pump:after-sent-mark");
  const told = await run.send(marked.frameHex);
  const answer = told.kind === "answered" ? told.answer : null;
  if (answer?.kind === "refused") return settleRefusal(run, switching, action, answer);
  if (!switching.proves) return void (await run.settle({ kind: told.kind === "closed" ? "silent" : "unproven" }));
  if (answer?.kind === "done") return confirmByLooking(run, switching, action);
  await run.settle({ kind: "silent" });
}

/** The answer says "taken", not "done": the switch is read until it shows what was wanted. */
async function confirmByLooking(run: CommandRun, switching: Switching, action: SwitchAction): Promise<void> {
  let told: MeterTold = { kind: "silent" };
  for (const pauseMs of looks(switching.movesMs)) {
    // A valve that is stuck says so at once and still when another would have begun to move.
    if (pauseMs === LOOK_LATER_MS && shown(told) === "unclear") break;
    await pause(pauseMs);
    told = await run.readBack(["status"]);
    if (shown(told) === "silent" || isFulfilled(told, action)) break;
  }
  await settleBySight(run, told, action, { kind: "refused", reason: RELAY_DID_NOT_MOVE, codes: [] });
}

function* looks(movesMs: number): Iterable<number> {
  let waitedMs = 0;
  for (const pauseMs of LOOK_SOON_MS) {
    waitedMs += pauseMs;
    yield pauseMs;
  }
  for (; waitedMs < movesMs; waitedMs += LOOK_LATER_MS) yield LOOK_LATER_MS;
}

async function settleRefusal(
  run: CommandRun,
  switching: Switching,
  action: SwitchAction,
  refusal: { reasons: readonly string[]; code: number },
): Promise<void> {
  const refused = {
    kind: "refused" as const,
    reason: refusal.reasons.join(",") || `code_${refusal.code}`,
    codes: [...refusal.reasons],
  };
  if (!switching.proves) return void (await run.settle(refused));
  const told = await run.readBack(["status"]);
  await settleBySight(run, told, action, isHeld(told) ? { ...refused, reason: HELD_BY_GUARD } : refused);
}

/** Whether the meter says that its load guard (安全用电) keeps the relay open: that is why it does not close. */
function isHeld(told: MeterTold): boolean {
  const guard = told.kind === "answered" ? told.values.loadGuard : null;
  return guard != null && guard.state !== "free";
}

/** What the switch shows outweighs what the meter has answered; where it shows nothing, nothing is claimed. */
async function settleBySight(
  run: CommandRun,
  told: MeterTold,
  action: SwitchAction,
  otherwise: { kind: "refused"; reason: string; codes: string[] },
): Promise<void> {
  const seen = shown(told);
  if (seen === "silent") await run.settle({ kind: "silent" });
  else if (seen === "unclear") await run.settle({ kind: "silent", why: VALVE_FAULT });
  else if (isFulfilled(told, action)) await run.settle({ kind: "confirmed", result: { relayOpen: seen === "off" } });
  else await run.settle(otherwise);
  await run.ingest.flush();
}

function shown(told: MeterTold): Shown {
  const status = told.kind === "answered" ? told.values.status : undefined;
  if (status === undefined) return "silent";
  if (status.relayOpen === null) return "unclear";
  return status.relayOpen ? "off" : "on";
}

/** Whether the meter shows what was wanted; a permission shows in what it was told while the relay stays open. */
function isFulfilled(told: MeterTold, action: SwitchAction): boolean {
  const seen = shown(told);
  if (told.kind !== "answered" || (seen !== "on" && seen !== "off")) return false;
  if (action === "permit_close") return seen === "on" || told.commandedOff === false;
  return seen === (action === "trip" ? "off" : "on");
}
