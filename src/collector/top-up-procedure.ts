import { assert } from "#base/errors.ts";
import { MINUTE_MS, SECOND_MS } from "#base/time.ts";
import { retryDelayMs } from "#domain/command.ts";
import { LINK_RISK_RETRY_MS } from "#flows/link-risk.ts";
import { meterKey, noteMeterKey } from "#flows/meter-keys.ts";
import { type CommandOutcome, markSent } from "#flows/settle-command.ts";
import { type Bytes, toHex } from "#protocol/bytes.ts";
import type { CreditAct } from "#protocol/dlt645/prepay.ts";
import { faultPoint } from "#system/fault-point.ts";
import { type CommandRun, OFFLINE_RETRY_MS } from "./command-run.ts";
import type { Item, TopUpWay } from "./drivers/driver.ts";
import { askMeterKey, askModule, waitForKey } from "./meter-key-question.ts";
import type { MeterTold } from "./meter-readings.ts";

/** Another top-up of this meter is not finished yet. */
const NOT_NOW_RETRY_MS = 5 * SECOND_MS;
/** Nothing is sold to such a model; a profile that was changed afterwards has to be put right by a person. */
const NO_WAY_RETRY_MS = 10 * MINUTE_MS;
const CREDIT: readonly Item[] = ["count", "remaining", "status"];

/**
 * Changes the credit in a meter (adds bought units, takes some back, wipes them) or what it does when that is used up, exactly once. The meter's purchase count is read before anything is sent, and again
 * after every doubt; only the count decides whether the top-up happened. What is sent again are the very same bytes.
 */
export async function changeCredit(run: CommandRun): Promise<void> {
  const { claimed } = run;
  const way = run.driver.topUp;
  if (way === null || claimed.topUp === null || !way.acts.includes(claimed.topUp.act))
    return run.giveBack(NO_WAY_RETRY_MS, "profile_without_top_up");
  if (way.needsKey && !(await canBeMade(run))) return;
  const release = run.bus.hold();
  try {
    const before = await run.readBack(shown(run));
    if (before.kind === "closed") return await run.giveBack(OFFLINE_RETRY_MS, "concentrator_offline");
    const seen = creditSeen(before);
    if (seen === null) return void (await run.settle({ kind: "silent" }));
    // Whether the meter is off for arrears decides if it is closed after the top-up: that must be known by then.
    await run.ingest.flush();
    const step = await run.settle(seen);
    if (step === "send") await sendTopUp(run, way, seen.count + 1);
  } finally {
    release();
  }

  async function sendTopUp(run: CommandRun, way: TopUpWay, number: number): Promise<void> {
    const { address, topUp, frameHex } = claimed;
    assert(topUp !== null, "a top-up has an amount");
    // What was sent once is sent again to the byte, and needs no key any more.
    const made = way.needsKey && frameHex === null ? await protect(run, { ...topUp, count: number }) : NO_KEY;
    if (made === null) return;
    const frameFor = (count: number | null) => {
      assert(count === number, "the number is the one that the top-up was made for");
      return toHex(way.encode({ ...topUp, address, count, mac: made.mac, serial: run.bus.serial() }));
    };
    const marked = await markSent(run.ctx, claimed, frameFor, made.keyVersion);
    if (!marked.ok) return run.giveBack(retryAfter(marked.why), marked.why);
    faultPoint("pump:after-sent-mark");
    const told = await run.send(marked.frameHex);
    if (told.kind === "closed") return void (await run.settle({ kind: "silent" }));
    // Without an answer, too, the count tells at once what became of it: somebody is waiting at the desk.
    if (told.kind === "silent") return settleByCount(run);
    const { answer } = told;
    if (answer.kind === "done") {
      await settleByCount(run);
    } else if (answer.kind === "refused") {
      await settleRefusal(run, marked.purchaseNumber, answer.reasons, answer.code);
    } else {
      await run.settle({ kind: "silent" });
    }
  }
}

function retryAfter(why: string): number {
  return why === "link_risk" || why === "link_not_trusted" ? LINK_RISK_RETRY_MS : NOT_NOW_RETRY_MS;
}

/** Before the bus is troubled: whether there is a key to make the top-up with. One that was made needs none any more. */
async function canBeMade(run: CommandRun): Promise<boolean> {
  const { claimed, security } = run;
  if (claimed.frameHex !== null) return true;
  const version = (await meterKey(run.ctx, claimed.meterId))?.version;
  if (version === undefined) return true; // the meter will be asked
  const check = await askModule(run, () => security.keyCheck({ address: claimed.address, version }));
  if (check === null) await waitForKey(run, "no_meter_key");
  return typeof check === "string";
}

type Protected = { mac: Bytes | null; keyVersion: number | null };
const NO_KEY: Protected = { mac: null, keyVersion: null };

/**
 * The MAC of a top-up, under the key that the meter has: it is asked, and what it tells is compared with ours. A meter that cannot
 * tell has the key that it came with. Null when there is nothing to send with now; the command has been dealt with then.
 */
async function protect(
  run: CommandRun,
  topUp: { act: CreditAct; amount: number; customer: string; count: number },
): Promise<Protected | null> {
  const { claimed, security, driver, ctx } = run;
  const { address, meterId } = claimed;
  assert(driver.keys !== null, "a model whose top-ups need a key has keys");
  const told = await askMeterKey(run, driver.keys);
  if (told === null) return null;
  const version = told.kind === "told" ? told.shown.version : (await meterKey(ctx, meterId))?.version;
  if (version === undefined || (told.kind === "told" && !told.shown.isOurs))
    return waitForKey(run, "meter_key_unknown");
  if (told.kind === "told") await noteMeterKey(ctx, { meterId, version });
  const { operator } = driver.keys;
  const mac = await askModule(run, () => security.topUpMac({ address, version, topUp: { ...topUp, operator } }));
  if (mac === undefined) return null;
  return mac === null ? waitForKey(run, "no_meter_key") : { mac, keyVersion: version };
}

/** A refusal is believed only when the count has not moved: some meters refuse the repeat of what they already have. */
async function settleRefusal(
  run: CommandRun,
  number: number | null,
  reasons: readonly string[],
  code: number,
): Promise<void> {
  const seen = creditSeen(await run.readBack(shown(run)));
  if (seen === null) return void (await run.settle({ kind: "silent" }));
  if (number !== null && seen.count === number - 1) {
    const reason = reasons.join(",") || `code_${code}`;
    await run.settle({ kind: "refused", reason, codes: [...reasons] });
  } else {
    await settleOrRetry(run, seen);
  }
  await run.ingest.flush();
}

/**
 * The meter said yes, but a yes carries no number: it may be a late one to an earlier question. Or it said nothing. The count is read, and with it the new
 * credit, recorded at once so that the page turns while the customer still stands there.
 */
async function settleByCount(run: CommandRun): Promise<void> {
  const seen = creditSeen(await run.readBack(shown(run)));
  await run.ingest.flush();
  if (seen === null) await run.settle({ kind: "silent" });
  else await settleOrRetry(run, seen);
}

/** What is read around a credit command; what was left before the last change tells how much a clear has wiped. */
function shown({ claimed }: CommandRun): readonly Item[] {
  return claimed.kind === "top_up" || claimed.kind === "set_mode" ? CREDIT : [...CREDIT, "before"];
}

type CreditSeen = Extract<CommandOutcome, { kind: "read_back" }>;

/** What a read-back says about the credit; null without the count, which alone decides. */
function creditSeen(told: MeterTold): CreditSeen | null {
  if (told.kind !== "answered" || told.values.purchaseCount === undefined) return null;
  const { purchaseCount: count, remainingWh, beforeWh, status } = told.values;
  return { kind: "read_back", count, remainingWh, beforeWh, trips: status?.trips };
}

/** A count that has not moved after sending: the lease is given back at once, so that the meter is free for what is more urgent. */
async function settleOrRetry(run: CommandRun, seen: CreditSeen): Promise<void> {
  if ((await run.settle(seen)) === "send") await run.giveBack(retryDelayMs(run.claimed.attempts, true), "no_answer");
}
