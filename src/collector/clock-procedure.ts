import { type Instant, later, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import { CALL_MS_MAX, CLOCK_RIGHT_MS, maySetClock } from "#domain/clock-setting.ts";
import { markSent } from "#flows/settle-command.ts";
import { toHex } from "#protocol/bytes.ts";
import { PRIORITY } from "./bus.ts";
import { type CommandRun, OFFLINE_RETRY_MS } from "./command-run.ts";
import type { ClockWay } from "./drivers/driver.ts";
import { readClock } from "./meter-clock.ts";
import { READ_TRIES } from "./meter-readings.ts";

/** Near a full hour, near midnight, or over one of them: it is looked again soon. */
const NOT_NOW_RETRY_MS = 2 * MINUTE_MS;
/** Our own clock is doubtful. */
const DOUBT_RETRY_MS = 15 * MINUTE_MS;
const NOT_NOW_SOON_MS = 5 * SECOND_MS;

/**
 * Sets the clock of a meter (校时) and reads it back: only what it shows then is reported as done. A little is called out to the bus, more is
 * written with the password. Nothing is set by a clock of ours that is in doubt, nor so that the meter would leave out, or keep twice,
 * what it freezes.
 */
export async function setMeterClock(run: CommandRun): Promise<void> {
  const way = run.driver.clock;
  if (way === null) return void (await run.settle({ kind: "refused", reason: "no_clock", codes: [] }));
  const before = await read(run, way);
  if (before === null) return;
  if (Math.abs(before.offsetMs) <= CLOCK_RIGHT_MS) return confirm(run, before.offsetMs, before.offsetMs);
  if (!(await run.ownClock.isSound(run.ctx.db.read))) return run.giveBack(DOUBT_RETRY_MS, "own_clock_doubtful");
  const encode = encoderFor(run, way, before.offsetMs);
  if (encode === null) return void (await run.settle({ kind: "refused", reason: "too_far", codes: [] }));
  const now = run.ctx.clock();
  if (!maySetClock(now, later(now, before.offsetMs))) return run.giveBack(NOT_NOW_RETRY_MS, "near_freeze");
  const marked = await markSent(run.ctx, run.claimed, () => toHex(encode(run.ctx.clock())));
  if (!marked.ok) {
    return run.giveBack(marked.why === "quarantine" ? NOT_NOW_RETRY_MS : NOT_NOW_SOON_MS, marked.why);
  }
  const told = await run.send(marked.frameHex);
  const after = await read(run, way);
  if (after === null) return;
  if (Math.abs(after.offsetMs) <= CLOCK_RIGHT_MS) return confirm(run, before.offsetMs, after.offsetMs);
  const refusal = told.kind === "answered" && told.answer.kind === "refused" ? told.answer.reasons.join(",") : "";
  await run.settle({ kind: "refused", reason: refusal || "clock_unchanged", codes: [] });
}

/** A call for what it may mend, and only of a model that listens to it; a write for the rest. Null: neither reaches so far. */
function encoderFor(
  run: CommandRun,
  way: ClockWay,
  offsetMs: number,
): ((at: Instant) => ReturnType<NonNullable<ClockWay["encodeCall"]>>) | null {
  if (way.encodeCall !== null && Math.abs(offsetMs) <= CALL_MS_MAX) return way.encodeCall;
  const { encodeWrite } = way;
  return encodeWrite === null ? null : (at) => encodeWrite(run.claimed.address, at, run.bus.serial());
}

/** What the clock shows; null when that could not be learnt, and the command was settled or given back. */
async function read(run: CommandRun, way: ClockWay): Promise<{ offsetMs: number } | null> {
  const asking = { priority: PRIORITY.onDemand, order: 0, tries: READ_TRIES };
  const told = await readClock(run.bus, run.claimed, way, asking);
  if (told.kind === "told" && told.clock.offsetMs !== null) return { offsetMs: told.clock.offsetMs };
  if (told.kind === "closed") await run.giveBack(OFFLINE_RETRY_MS, "concentrator_offline");
  else await run.settle({ kind: "silent" });
  return null;
}

async function confirm(run: CommandRun, beforeMs: number, afterMs: number): Promise<void> {
  const seconds = (ms: number) => Math.round(ms / 1000);
  await run.settle({
    kind: "confirmed",
    result: { offsetSecondsBefore: seconds(beforeMs), offsetSeconds: seconds(afterMs) },
  });
}
