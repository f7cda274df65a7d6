import { SECOND_MS } from "#base/time.ts";
import { isSameGuard } from "#domain/load-guard.ts";
import { markSent } from "#flows/settle-command.ts";
import { type Bytes, toHex } from "#protocol/bytes.ts";
import { faultPoint } from "#system/fault-point.ts";
import { type CommandRun, OFFLINE_RETRY_MS } from "./command-run.ts";
import type { Item, LoadGuardWay } from "./drivers/driver.ts";
import type { MeterTold } from "./meter-readings.ts";

const NOT_NOW_RETRY_MS = 5 * SECOND_MS;

/** Tells a meter what its load guard (安全用电) watches for, and reads it: only what it shows then is reported as done. */
export async function setMeterGuard(run: CommandRun): Promise<void> {
  const { loadGuard: way } = run.driver;
  const order = run.claimed.loadGuard;
  if (way === null || order === null || !("settings" in order)) return refuse(run, "no_load_guard");
  const { settings } = order;
  const isSet = (told: MeterTold) => {
    const shown = told.kind === "answered" ? told.values.loadGuardSettings : undefined;
    return shown === undefined ? null : isSameGuard(shown, settings);
  };
  const before = await look(run, ["loadGuardSettings"], isSet);
  if (before === null) return;
  if (before) return confirm(run);
  const after = await send(run, () => way.encodeSettings(run.claimed.address, settings), ["loadGuardSettings"], isSet);
  if (after === null) return;
  if (after.shown) return confirm(run);
  await refuse(run, after.refusal || "guard_unchanged");
}

/**
 * Lets go of a meter that its guard has locked. It is read before: should it have tripped again since somebody looked into it, it stays off; and after:
 * only a guard that shows itself free is reported as released.
 */
export async function releaseMeterGuard(run: CommandRun): Promise<void> {
  const { loadGuard: way } = run.driver;
  const order = run.claimed.loadGuard;
  if (way === null || order === null || !("total" in order)) return refuse(run, "no_load_guard");
  const before = await look(run, ["status", "loadGuard"], guardIn);
  if (before === null) return;
  await run.ingest.flush();
  if (before.total !== order.total) return refuse(run, "tripped_again");
  if (before.state === "free") return confirm(run);
  const after = await send(run, () => encodeRelease(way, run), ["status", "loadGuard"], guardIn);
  if (after === null) return;
  await run.ingest.flush();
  if (after.shown.state === "free") return confirm(run);
  await refuse(run, after.refusal || "guard_unchanged");
}

function encodeRelease(way: LoadGuardWay, { claimed }: CommandRun): Bytes {
  return way.encodeRelease(claimed.address);
}

function guardIn(told: MeterTold) {
  return (told.kind === "answered" ? told.values.loadGuard : null) ?? null;
}

/** What the meter shows; null when it did not, and the command was settled or given back. */
async function look<T>(
  run: CommandRun,
  items: readonly Item[],
  shown: (told: MeterTold) => T | null,
): Promise<T | null> {
  const told = await run.readBack(items);
  const seen = shown(told);
  if (seen !== null) return seen;
  if (told.kind === "closed") await run.giveBack(OFFLINE_RETRY_MS, "concentrator_offline");
  // It answers, and has nothing of that kind.
  else if (told.kind === "answered" && told.values.loadGuard === undefined) await refuse(run, "no_load_guard");
  else await run.settle({ kind: "silent" });
  return null;
}

async function send<T>(
  run: CommandRun,
  encode: () => Bytes,
  items: readonly Item[],
  shown: (told: MeterTold) => T | null,
): Promise<{ shown: T; refusal: string } | null> {
  const release = run.bus.hold();
  try {
    const marked = await markSent(run.ctx, run.claimed, () => toHex(encode()));
    if (!marked.ok) {
      await run.giveBack(NOT_NOW_RETRY_MS, marked.why);
      return null;
    }
    faultPoint("pump:after-sent-mark");
    const told = await run.send(marked.frameHex);
    const answer = told.kind === "answered" ? told.answer : null;
    const refusal = answer?.kind === "refused" ? answer.reasons.join(",") || `code_${answer.code}` : "";
    const seen = await look(run, items, shown);
    return seen === null ? null : { shown: seen, refusal };
  } finally {
    release();
  }
}

async function confirm(run: CommandRun): Promise<void> {
  await run.settle({ kind: "confirmed", result: {} });
}

async function refuse(run: CommandRun, reason: string): Promise<void> {
  await run.settle({ kind: "refused", reason, codes: [] });
}
