import { assert } from "#base/errors.ts";
import { SECOND_MS } from "#base/time.ts";
import { markSent } from "#flows/settle-command.ts";
import { toHex } from "#protocol/bytes.ts";
import type { KeyUpdate } from "#protocol/dlt645/meter-key.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { CommandRun } from "./command-run.ts";
import type { KeyWay } from "./drivers/driver.ts";
import type { Exchanged } from "./exchange.ts";
import { askMeterKey, askModule, waitForKey } from "./meter-key-question.ts";

/** A top-up of this meter is between "sent" and its end. */
const NOT_NOW_RETRY_MS = 5 * SECOND_MS;
const SEND_AGAIN_MS = 2 * SECOND_MS;

/**
 * Gives a meter another key for its top-ups. The meter is asked which key it has before anything is sent, and again after it,
 * whatever it answered: only what it shows counts. So a change that was cut off anywhere is found again by asking.
 */
export async function changeMeterKey(run: CommandRun): Promise<void> {
  const { keys } = run.driver;
  if (keys === null) return void (await run.settle({ kind: "refused", reason: "profile_without_keys", codes: [] }));
  const release = run.bus.hold();
  try {
    const from = await settleByAsking(run, keys);
    if (from !== null) await sendKey(run, keys, from);
  } finally {
    release();
  }
}

async function sendKey(run: CommandRun, keys: KeyWay, from: number): Promise<void> {
  const { claimed, security } = run;
  assert(claimed.keyVersionTo !== null, "a change of key leads to a version");
  const update: KeyUpdate = { operator: keys.operator, from, to: claimed.keyVersionTo };
  const key = await askModule(run, () => security.protectKey({ address: claimed.address, update }));
  if (key === undefined) return;
  if (key === null) return void (await waitForKey(run, "no_meter_key"));
  const marked = await markSent(run.ctx, claimed, () => toHex(keys.encodeUpdate(claimed.address, update, key)));
  if (!marked.ok) return run.giveBack(NOT_NOW_RETRY_MS, marked.why);
  faultPoint("pump:after-sent-mark");
  const told = await run.send(marked.frameHex);
  if ((await settleByAsking(run, keys)) !== null) await settleStillOld(run, told);
}

/** The meter still has its old key: because it refused, or because nothing arrived. */
async function settleStillOld(run: CommandRun, told: Exchanged): Promise<void> {
  const answer = told.kind === "answered" ? told.answer : null;
  if (answer?.kind !== "refused") return run.giveBack(SEND_AGAIN_MS, "no_answer");
  const reason = answer.reasons.join(",") || `code_${answer.code}`;
  await run.settle({ kind: "refused", reason, codes: [...answer.reasons] });
}

/** Asks the meter for its key and books what it shows. The version that it has when the change may be sent; else null. */
async function settleByAsking(run: CommandRun, keys: KeyWay): Promise<number | null> {
  faultPoint("read-back:before");
  const told = await askMeterKey(run, keys);
  faultPoint("read-back:after-answer");
  if (told === null) return null;
  if (told.kind === "untold") {
    await run.settle({ kind: "refused", reason: "no-such-data", codes: [] });
    return null;
  }
  const step = await run.settle({ kind: "read_back_key", shown: told.shown });
  return step === "send" ? told.shown.version : null;
}
