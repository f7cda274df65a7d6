/** Modes of a meter (模式): prepaid 预付费, postpaid 后付费, public 公共. Only prepaid ones are cut off for arrears. */
export const meterModes = ["prepaid", "postpaid", "public"] as const;
export type MeterMode = (typeof meterModes)[number];

/** Whether a meter that holds its own credit counts down to a trip in this mode; in the others it may go below zero. */
export function tripsItself(mode: MeterMode): boolean {
  return mode === "prepaid";
}

/** What a change of mode does to supply. `at_once`: the meter itself opens as soon as it is told. */
export type SupplyAfter =
  | { supply: "stays" }
  | { supply: "comes_back" }
  | { supply: "goes_off"; how: "at_once" | "after_readings" | "after_no_cut" };

/** All that decides what a change of mode does to supply. Credit in Wh or 1/10000 yuan, wherever it is counted. */
export type ModeFacts = {
  readonly to: MeterMode;
  readonly creditAt: "meter" | "server" | null;
  /** Left in the meter, or of the account beyond what it may be overdrawn by. */
  readonly left: number | null;
  readonly isOffForArrears: boolean;
  readonly hasSwitch: boolean;
  readonly guarded: boolean;
  /** Whether what is shown of the switch proves it, over a link that is trusted: nothing is cut off otherwise. */
  readonly switchProved: boolean;
  readonly noCut: boolean;
};

/** What will happen to supply: told before a person confirms, and why a change needs confirming. */
export function supplyAfter(facts: ModeFacts): SupplyAfter {
  if (!tripsItself(facts.to)) return facts.isOffForArrears ? { supply: "comes_back" } : { supply: "stays" };
  if (facts.creditAt === null || !facts.hasSwitch || (facts.left ?? 0) > 0) return { supply: "stays" };
  // The meter decides by itself, whatever guards its archive has; of one whose credit is unknown the worst is expected.
  if (facts.creditAt === "meter") return { supply: "goes_off", how: "at_once" };
  if (facts.left === null) return { supply: "stays" };
  if (facts.guarded || !facts.switchProved) return { supply: "stays" };
  return { supply: "goes_off", how: facts.noCut ? "after_no_cut" : "after_readings" };
}
