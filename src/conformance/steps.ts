import { type Bytes, toHex } from "#protocol/bytes.ts";
import type { Answer645 } from "#protocol/dlt645/commands.ts";
import { encodeFrame645, type Frame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { type KeyInfo, keyInfoOf } from "#protocol/dlt645/meter-key.ts";
import { encodeTopUp, type TopUp } from "#protocol/dlt645/prepay.ts";
import { encodeSecurity } from "#protocol/dlt645/security.ts";
import { nodeCiphers } from "#system/crypto.ts";
import type { Bench } from "./case.ts";
import { Failed, must } from "./failed.ts";
import { describe } from "./master.ts";

/** The operator that the run's commands carry. */
export const OPERATOR = "00000001";

/** What of a meter must not move unless it was told to. */
export type Standing = { count: number; creditWh: number; indexWh: number };

/** Registers truncate to 0.01 kWh, each for itself, and the meter goes on counting between two questions. */
const TRUNCATION_WH = 20;

/** Reads count, credit (overdraft counts as negative) and index. */
export async function standing({ master }: Bench): Promise<Standing> {
  const { count } = await master.read(di.purchaseCount, "purchaseCount");
  const remaining = await master.read(di.energyRemaining, "energyRemaining");
  const overdraft = remaining.wh === 0 ? await master.read(di.energyOverdraft, "energyOverdraft") : { wh: 0 };
  const { wh: indexWh } = await master.read(di.energyTotal, "energyTotal");
  return { count, creditWh: remaining.wh - overdraft.wh, indexWh };
}

/** Credit and count must be those of before, but for what was bought since and what was used since. */
export async function mustStand(
  bench: Bench,
  before: Standing,
  bought: { count: number; wh: number } = { count: 0, wh: 0 },
): Promise<Standing> {
  const after = await standing(bench);
  const expected = before.count + bought.count;
  must(after.count === expected, `the purchase count is ${after.count} and should be ${expected}`);
  const usedWh = after.indexWh - before.indexWh;
  must(usedWh >= 0, `the index ran backwards by ${-usedWh} Wh`);
  const creditWh = before.creditWh + bought.wh - usedWh;
  const differsWh = after.creditWh - creditWh;
  must(Math.abs(differsWh) <= TRUNCATION_WH, `the credit is ${after.creditWh} Wh and should be ${creditWh} Wh`);
  return after;
}

/** A top-up for this meter, by default the next one, right in everything. */
export function topUpFrame(
  bench: Bench,
  topUp: Partial<TopUp> & { count: number },
  key?: Bytes,
  address?: string,
): Frame645 {
  const { meter } = bench;
  must(meter.key !== null && meter.customer !== null, "the run knows neither key nor customer");
  const whole = { amount: 1, customer: meter.customer, operator: OPERATOR, ...topUp };
  const made = encodeTopUp(nodeCiphers, key ?? meter.key, address ?? meter.address, whole);
  return { ...made, address: meter.address };
}

/** 83H with the identifier of the top-up. */
export function mustBeTaken(told: Answer645 | null, what: string): void {
  must(told?.kind === "done" && told.function === "top_up", `${what}: should be taken, came ${describe(told)}`);
}

/** C3H with exactly this SERR. */
export function mustBeRefused(told: Answer645 | null, serr: number, what: string): void {
  const isIt = told?.kind === "refused" && told.function === "top_up" && told.code === serr;
  must(isIt, `${what}: should be refused with ${serrText(serr)}, came ${describe(told)}`);
}

/** Any refusal of function 03. */
export function mustNotBeTaken(told: Answer645 | null, what: string): void {
  must(told?.kind === "refused", `${what}: should be refused, came ${describe(told)}`);
}

function serrText(serr: number): string {
  return `${serr.toString(16).toUpperCase().padStart(2, "0")}H`;
}

/** No good frame at all in answer to these bytes. */
export async function mustBeSilent(bench: Bench, bytes: Bytes, what: string): Promise<void> {
  const heard = await bench.master.raw(bytes);
  must(
    heard.length === 0,
    `${what}: should be silence, came ${heard.map((each) => toHex(encodeFrame645(each, 0))).join(" ")}`,
  );
}

/** Buys the next number with 0.01 kWh, rightly: the tally of wrong MACs begins again, and the count was where we think. */
export async function buyNext(bench: Bench, count: number): Promise<void> {
  mustBeTaken(await bench.master.answer(topUpFrame(bench, { count })), `the right top-up with number ${count}`);
}

/** Which key the meter says it has. */
export async function keyInfo({
  master,
  meter,
}: Bench): Promise<KeyInfo & { amount: number; count: number; customer: string }> {
  const told = await master.answer(encodeSecurity(meter.address, OPERATOR, { kind: "query" }));
  if (told?.kind !== "security" || told.reply.kind !== "wallet") {
    throw new Failed(`the status query: should be a wallet, came ${describe(told)}`);
  }
  const info = keyInfoOf(told.reply.keyInfo);
  must(info !== null, `the key information ${told.reply.keyInfo} names no version`);
  const { amount, count, customer } = told.reply;
  return { ...info, amount, count, customer };
}
