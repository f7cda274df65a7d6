import type { Instant } from "#base/time.ts";
import { equalBytes, fromHex, toHex } from "#protocol/bytes.ts";
import type { Frame645 } from "#protocol/dlt645/frame.ts";
import {
  type CreditAct,
  checkTopUp,
  decodeTopUp,
  encodeTopUpRefusal,
  encodeTopUpReply,
  MODE_AMOUNT,
  SERR,
} from "#protocol/dlt645/prepay.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { countBadMac, isLocked } from "./mac-lock.ts";
import { rechargeKey } from "./meter-key.ts";
import { type Meter, tripWhenEmpty } from "./meters.ts";

/** The most credit a meter may hoard (囤积限额): 50 000 kWh. */
export const HOARD_LIMIT_WH = 50_000_000;
/** What a meter from the shelf has for a customer: it belongs to whoever it is first sold to. */
export const NO_CUSTOMER = "000000000000";
const MODES: readonly number[] = Object.values(MODE_AMOUNT);
/** One step of an amount, and of what a register shows: 0.01 kWh. */
const WH_SHOWN = 10;

/**
 * Credit commands of JC1: top-up, deduct (退费), clear (清零) and mode (模式) share one row of purchase numbers. The repeat of what is already in
 * succeeds unchanged; else lock, count, customer, MAC, and what the credit allows, in this order.
 */
export function changeCredit(meter: Meter, frame: Frame645, now: Instant): Frame645 {
  const { plan, state } = meter;
  const refuse = (serr: number) => encodeTopUpRefusal(plan.address, serr);
  const command = decodeTopUp(frame);
  if (!command.ok || plan.creditAt !== "meter") return refuse(SERR.other);
  const { act = "top_up", amount, count, customer } = command.topUp;
  if (count === state.purchaseCount && isRepeat(meter, frame)) return encodeTopUpReply(plan.address, act);
  if (isLocked(meter, now)) return refuse(SERR.authentication | SERR.locked);
  if (count === state.purchaseCount) return refuse(SERR.repeated);
  if (count !== state.purchaseCount + 1) return refuse(SERR.purchaseCount);
  const known = state.customer ?? plan.customerNumber;
  if (customer !== known && known !== NO_CUSTOMER) return refuse(SERR.customer);
  if (!checkTopUp(nodeCiphers, rechargeKey(meter), plan.address, command)) return refuse(countBadMac(meter, now));
  const creditWh = creditAfter(act, state.creditWh, amount * WH_SHOWN);
  if (act === "set_mode" && !MODES.includes(amount)) return refuse(SERR.other);
  if (creditWh > HOARD_LIMIT_WH) return refuse(SERR.overLimit);
  if (act === "deduct" && creditWh < 0) return refuse(SERR.tooLittle);
  state.topUps.push({ count, amount: (creditWh - state.creditWh) / WH_SHOWN });
  Object.assign(state, {
    beforeWh: state.creditWh,
    creditWh,
    purchaseCount: count,
    lastTopUp: toHex(frame.data),
    badMacs: 0,
    customer,
    ...(act === "set_mode" && { counts: amount === MODE_AMOUNT.counts }),
  });
  state.revision++;
  tripWhenEmpty(meter);
  return encodeTopUpReply(plan.address, act);
}

function creditAfter(act: CreditAct, creditWh: number, amountWh: number): number {
  if (act === "clear") return Math.min(0, creditWh); // an overdraft stays
  if (act === "set_mode") return creditWh;
  return act === "deduct" ? creditWh - amountWh : creditWh + amountWh;
}

function isRepeat({ state }: Meter, frame: Frame645): boolean {
  const last = state.lastTopUp === null ? null : fromHex(state.lastTopUp);
  return last !== null && equalBytes(last, frame.data);
}
