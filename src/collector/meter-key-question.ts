import { MINUTE_MS, SECOND_MS } from "#base/time.ts";
import type { KeyShown } from "#domain/meter-key.ts";
import { keyInfoOf } from "#protocol/dlt645/meter-key.ts";
import { ModuleUnavailable } from "#system/security-module.ts";
import { PRIORITY } from "./bus.ts";
import { type CommandRun, OFFLINE_RETRY_MS } from "./command-run.ts";
import type { KeyWay } from "./drivers/driver.ts";
import { meterQuestion, READ_TRIES } from "./meter-readings.ts";

/** The security module (密码机) comes back by itself or somebody restarts it; customers wait meanwhile. */
const MODULE_RETRY_MS = 10 * SECOND_MS;
/** Somebody has to do something first: enter a root key, or look at the meter. */
const NO_KEY_RETRY_MS = MINUTE_MS;
/** Which key a meter says it has; `untold` when it does not answer such a question; null when the command was dealt with. */
export type KeyTold = { kind: "told"; shown: KeyShown } | { kind: "untold" } | null;

/**
 * Asks a meter for its key, and the security module whether that is ours. When either cannot be asked, the command is given back with
 * the reason and the answer is null: nothing was sent, nothing is lost.
 */
export async function askMeterKey(run: CommandRun, keys: KeyWay): Promise<KeyTold> {
  const { claimed } = run;
  const question = meterQuestion(claimed, keys.encodeQuery(claimed.address), claimed.id);
  const told = await run.bus.ask(question, { priority: PRIORITY.recharge, order: 0, tries: READ_TRIES });
  if (told.kind === "closed") await run.giveBack(OFFLINE_RETRY_MS, "concentrator_offline");
  if (told.kind === "silent") await run.settle({ kind: "silent" });
  if (told.kind !== "answered") return null;
  const { answer } = told;
  const wallet = answer.kind === "security" && answer.reply.kind === "wallet" ? answer.reply : null;
  const info = wallet && keyInfoOf(wallet.keyInfo);
  if (!info) return { kind: "untold" };
  const { version } = info;
  const check = await askModule(run, () => run.security.keyCheck({ address: claimed.address, version }));
  if (check === undefined) return null;
  return { kind: "told", shown: { version, isOurs: check === info.check } };
}

/** Asks the security module; undefined when it could not be asked, and then the command has been given back. */
export async function askModule<T>(run: CommandRun, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ModuleUnavailable)) throw error;
    const { id: command, meterId: meter } = run.claimed;
    run.ctx.log.error({ command, meter, error: error.message }, "a command waits for the security module");
    await run.giveBack(MODULE_RETRY_MS, "security_module");
    return undefined;
  }
}

/** The meter has a key that is none of ours, or we have no root key of its version: the command waits for a person. */
export async function waitForKey(run: CommandRun, why: "no_meter_key" | "meter_key_unknown"): Promise<null> {
  run.ctx.log.error({ command: run.claimed.id, meter: run.claimed.meterId, why }, "a command waits for a key");
  await run.giveBack(NO_KEY_RETRY_MS, why);
  return null;
}
