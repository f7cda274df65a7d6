import type { limitsZh } from "./limits.zh-CN.ts";

/** Sentences about the limits of users, in English. */
export const limitsEn: typeof limitsZh = {
  limits: {
    title: "Limits",
    lead: "How much this user may do at most, by calendar day; empty means no limit. Approval rules are another thing: nobody's consent lifts a limit.",
    selfLead: "Your own limits are changed by another administrator.",
    rechargeDay: "Recharges a day (yuan)",
    rechargeOne: "One recharge (yuan)",
    refundDay: "Refunds a day (yuan)",
    batchMeters: "Meters in one batch",
    hint: {
      rechargeDay:
        "All that is taken at the desk in a day, cash and transfer; also what was withdrawn or refused by the meter, for its money is in the wallet, and also when it is given back that day",
      rechargeOne:
        "One payment as a whole, also when it is split over several meters; what it spends of the wallet does not count",
      refundDay: "Refunds, clears, write-offs and payouts of move-outs of a day together",
      batchMeters: "Meters that one batch trips or closes",
    },
    none: "No limit",
    invalid: "Type an amount or a number; leave it empty for no limit",
    tag: {
      rechargeDay: "a day ≤ {{value}} yuan",
      rechargeOne: "at once ≤ {{value}} yuan",
      refundDay: "refunds ≤ {{value}} yuan a day",
      batchMeters: "a batch ≤ {{value}} meters",
    },
    sellToday: "You may take {{left}} yuan more today (limit {{limit}}, taken {{used}}, withdrawn recharges too)",
    toRepeat: "Open order {{orderNo}}",
    refundToday: "You may give back {{left}} yuan more today (limit {{limit}}, used {{used}})",
    batchTooMany:
      "{{count}} meters would be switched, more than your limit of {{limit}} in one batch. Take fewer, let a colleague with a higher limit do it, or ask an administrator.",
    batchLimit: "You may switch {{limit}} in one batch.",
  },
};
