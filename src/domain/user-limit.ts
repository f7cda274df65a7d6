import { formatMoney, type Money, money, parseMoney, subtract } from "#base/units.ts";
import type { Permission } from "./permission.ts";

/**
 * How much a user may do at most (限额), the fourth factor of his rights beside function, scope and field masks. Null: no limit. What needs a
 * second person is a rule of the house and another thing: these hold whoever would agree.
 */
export type UserLimits = {
  /** Yuan that he may take at the desk in one calendar day (充值日限额). */
  readonly rechargeDay: Money | null;
  /** Yuan taken in one payment, whole, however it is split; not what it spends of an older wallet (单笔限额). */
  readonly rechargeOne: Money | null;
  /** Yuan that he may ask to give back or give up in one calendar day (退费日限额). */
  readonly refundDay: Money | null;
  /** Meters that one of his batches may switch (批量只数). */
  readonly batchMeters: number | null;
};

/** The four, in the order in which they are shown. */
export const limitKinds = ["rechargeDay", "rechargeOne", "refundDay", "batchMeters"] as const;
export type LimitKind = (typeof limitKinds)[number];

/** Whom nobody has limited. */
export const NO_LIMITS: UserLimits = { rechargeDay: null, rechargeOne: null, refundDay: null, batchMeters: null };

/** The most yuan of a limit: what is above is no limit. */
export const LIMIT_MAX_YUAN = 10_000_000;

/** What each limit holds for: without any of these it means nothing to a user. */
export const limitedBy: Readonly<Record<LimitKind, readonly Permission[]>> = {
  rechargeDay: ["recharge.create"],
  rechargeOne: ["recharge.create"],
  refundDay: ["refund.create", "credit.clear", "moveout.create"],
  batchMeters: ["meter.trip", "meter.close"],
};

/** The names of the limits, for refusals: Chinese, English. */
export const limitNames: Readonly<Record<LimitKind, readonly [zh: string, en: string]>> = {
  rechargeDay: ["充值日限额", "recharges a day"],
  rechargeOne: ["单笔限额", "one recharge"],
  refundDay: ["退费日限额", "refunds a day"],
  batchMeters: ["批量只数", "meters in one batch"],
};

/** Whether any limit is set. */
export const hasLimits = (limits: UserLimits): boolean => limitKinds.some((kind) => limits[kind] !== null);

/** The first limit that is wider than the giver's own, of those that mean something with these permissions; null when there is none. */
export function limitBeyond(
  own: UserLimits,
  wanted: { limits: UserLimits; permissions: ReadonlySet<Permission> },
): LimitKind | null {
  return (
    limitKinds.find((kind) => {
      const [mine, his] = [own[kind], wanted.limits[kind]];
      const counts = limitedBy[kind].some((each) => wanted.permissions.has(each));
      return counts && mine !== null && (his === null || his > mine);
    }) ?? null
  );
}

/** Limits as wanted, and where none is wanted the giver's own: who is limited makes nobody who is not. */
export function atMost(own: UserLimits, wanted: UserLimits): UserLimits {
  return {
    rechargeDay: wanted.rechargeDay ?? own.rechargeDay,
    rechargeOne: wanted.rechargeOne ?? own.rechargeOne,
    refundDay: wanted.refundDay ?? own.refundDay,
    batchMeters: wanted.batchMeters ?? own.batchMeters,
  };
}

/** What a limit of a day leaves after what was used: never less than nothing, even when it was lowered meanwhile. */
export function roomOf(limit: Money, used: Money): Money {
  return used >= limit ? money(0) : subtract(limit, used);
}

/** Limits as they are written: yuan as text, `null` where there is none. */
export type LimitsText = {
  readonly rechargeDay: string | null;
  readonly rechargeOne: string | null;
  readonly refundDay: string | null;
  readonly batchMeters: number | null;
};

/** Limits for the wire and the audit. */
export function limitsText(limits: UserLimits): LimitsText {
  const yuan = (value: Money | null) => (value === null ? null : formatMoney(value));
  const { rechargeDay, rechargeOne, refundDay, batchMeters } = limits;
  return { rechargeDay: yuan(rechargeDay), rechargeOne: yuan(rechargeOne), refundDay: yuan(refundDay), batchMeters };
}

/** Limits as they were typed: at most two places and {@link LIMIT_MAX_YUAN}; null when one of them is no amount. */
export function limitsTyped(text: LimitsText): UserLimits | null {
  const read = (typed: string | null): Money | null | undefined => {
    if (typed === null) return null;
    const value = parseMoney(typed, 2);
    return value === null || value > LIMIT_MAX_YUAN * 10_000 ? undefined : value;
  };
  const [rechargeDay, rechargeOne, refundDay] = [read(text.rechargeDay), read(text.rechargeOne), read(text.refundDay)];
  if (rechargeDay === undefined || rechargeOne === undefined || refundDay === undefined) return null;
  return { rechargeDay, rechargeOne, refundDay, batchMeters: text.batchMeters };
}
