import { CLOCK_SET_FROM_MS } from "./clock-setting.ts";

/** What a trial run (试运行) looks at, meter by meter, in this order. */
export const trialChecks = [
  "answers",
  "address",
  "clock",
  "index",
  "relay",
  "credit",
  "ratio",
  "cycle",
  "items",
  "price",
  "room",
  "parent",
  "switch",
] as const;
export type TrialCheckName = (typeof trialChecks)[number];

/** `na`: there is nothing to look at, or nothing that could be looked at. */
export const trialOutcomes = ["pass", "fail", "na"] as const;
export type TrialOutcome = (typeof trialOutcomes)[number];

/** `cancelling`: no meter is begun any more, those under way are brought to their end. `signed`: for ever. */
export const trialStates = ["running", "cancelling", "finished", "cancelled", "signed"] as const;
export type TrialState = (typeof trialStates)[number];

/** `queued`: it has been read and waits for its turn to be switched. */
export const trialMeterStates = ["waiting", "reading", "queued", "tripping", "closing", "done"] as const;
export type TrialMeterState = (typeof trialMeterStates)[number];

/** How a meter came off; `skipped`: the run was cancelled before its turn. */
export const trialResults = ["pass", "fail", "skipped"] as const;
export type TrialResult = (typeof trialResults)[number];

/** Whether a meter is switched off and on again: not at all, only while nobody lives there, or although somebody does. */
export const switchWishes = ["no", "vacant", "in_use"] as const;
export type SwitchWish = (typeof switchWishes)[number];

/** What a run is about: everything behind a concentrator, everything below an area, or some meters. */
export const trialPlaces = ["concentrator", "area", "meters"] as const;
export type TrialPlace = (typeof trialPlaces)[number];

/** Meters of one run: as many as one concentrator carries. */
export const TRIAL_METERS_MAX = 500;
/** Characters of the fingerprint that are printed as the code (校验码). */
export const TRIAL_CODE_CHARS = 16;

/** What is put into the sentence of a reason. */
export type TrialFigures = Readonly<Record<string, string | number>>;
/** One check of one meter; `why` is a key of `trialWhys` in `trial-words.ts`. */
export type TrialCheck = {
  readonly check: TrialCheckName;
  readonly outcome: TrialOutcome;
  readonly why: TrialWhy;
  readonly figures: TrialFigures;
};

/** Why a check came off as it did. */
export const trialWhyCodes = [
  ...["answered", "no_answer", "concentrator_offline", "not_asked", "not_told"],
  ...["address_agrees", "address_taken", "address_other"],
  ...["clock_right", "clock_off", "clock_unreadable", "no_clock"],
  ...["index_fits", "index_below", "index_jump", "index_missing"],
  ...["relay_closed", "relay_open", "relay_missing", "valve_fault", "no_switch", "switch_unproven"],
  ...["credit_read", "credit_missing", "count_differs", "credit_on_server", "no_customer"],
  ...["ratio_is", "ratio_in_meter", "ratio_differs"],
  ...["cycle_is", "cycle_default", "channel_off", "items_are", "items_usual"],
  ...["price_is", "price_missing", "room_customer", "room_vacant", "room_missing", "public_meter"],
  ...["plain_meter", "master_meter", "public_in_box", "box_missing", "behind_gateway", "gateway_missing"],
  ...["switch_done", "switch_not_asked", "switch_button", "switch_guarded", "switch_master", "switch_in_use"],
  ...[
    "switch_is_off",
    "switch_load",
    "switch_busy",
    "switch_risk",
    "switch_budget",
    "switch_stopped",
    "switch_taken_back",
  ],
  ...["switch_not_permitted"],
  ...["switch_not_sent", "switch_refused", "switch_silent", "switch_taken", "switch_withdrawn", "switch_not_closed"],
] as const;
export type TrialWhy = (typeof trialWhyCodes)[number];

/** What the archive says of a meter, as the checks need it. Energies in Wh or litres before the ratio, prices in 1/10000 yuan. */
export type TrialArchive = {
  readonly address: string;
  /** Another meter on the same bus that answers to the same address. */
  readonly addressOf: string | null;
  readonly mode: "prepaid" | "postpaid" | "public";
  readonly switchKind: "relay" | "breaker" | "valve" | "none";
  readonly closesBy: "direct" | "button";
  /** Whether what the model shows proves that supply is on or off. */
  readonly provesSwitch: boolean;
  readonly supplyGuard: boolean;
  readonly creditAt: "meter" | "server" | null;
  readonly hasCustomer: boolean;
  /** Confirmed by the meter so far. */
  readonly purchaseCount: number;
  readonly ratio: number;
  /** That of the line of indexes that holds now; null where there never was another. */
  readonly lineRatio: number | null;
  readonly channelOn: boolean;
  /** Seconds; null: as the collector was started. */
  readonly cycle: number | null;
  /** Items asked besides the usual; null where no set is named. */
  readonly items: number | null;
  readonly priceE4: number;
  readonly hasTariff: boolean;
  readonly room: string | null;
  readonly hasBox: boolean;
  readonly isMaster: boolean;
  readonly gateway: { readonly number: string; readonly fits: boolean } | null;
};

/** What came back when a meter was asked. */
export type TrialHeard =
  | {
      readonly kind: "answered";
      readonly indexWh: number | null;
      /** How the index stands to what was known before: it fits, is below, or is more than can be. */
      readonly index: "fits" | "below" | "jump";
      readonly knownWh: number | null;
      /** Null: the switch says that it is broken. Undefined: nothing was told. */
      readonly relayOpen: boolean | null | undefined;
      readonly remainingWh: number | null;
      readonly purchaseCount: number | null;
      /** Null: no time that can be believed. Undefined: the model has no clock that can be read. */
      readonly clockSeconds: number | null | undefined;
      readonly powerW: number | null;
    }
  | {
      readonly kind: "silent";
      readonly why: "no_answer" | "concentrator_offline" | "not_asked";
      /** Something was heard on the line that was no answer of this meter. */
      readonly heardOther: boolean;
    };

const is =
  (outcome: TrialOutcome) =>
  (check: TrialCheckName, why: TrialWhy, figures: TrialFigures = {}): TrialCheck => ({ check, outcome, why, figures });
const pass = is("pass");
const fail = is("fail");
const na = is("na");

/** All checks but that of the switch, in their order. */
export function judgeTrial(archive: TrialArchive, heard: TrialHeard): TrialCheck[] {
  return [
    heard.kind === "answered" ? pass("answers", "answered") : fail("answers", heard.why),
    addressCheck(archive, heard),
    clockCheck(heard),
    indexCheck(heard),
    relayCheck(archive, heard),
    creditCheck(archive, heard),
    ratioCheck(archive),
    cycleCheck(archive),
    archive.items === null ? pass("items", "items_usual") : pass("items", "items_are", { count: archive.items }),
    priceCheck(archive),
    roomCheck(archive),
    parentCheck(archive),
  ];
}

function addressCheck({ address, addressOf }: TrialArchive, heard: TrialHeard): TrialCheck {
  if (addressOf !== null) return fail("address", "address_taken", { address, number: addressOf });
  if (heard.kind === "answered") return pass("address", "address_agrees", { address });
  return heard.heardOther ? fail("address", "address_other", { address }) : na("address", "not_told");
}

function clockCheck(heard: TrialHeard): TrialCheck {
  if (heard.kind === "silent") return na("clock", "not_told");
  const { clockSeconds } = heard;
  if (clockSeconds === undefined) return na("clock", "no_clock");
  if (clockSeconds === null) return fail("clock", "clock_unreadable");
  const isRight = Math.abs(clockSeconds) * 1000 < CLOCK_SET_FROM_MS;
  return (isRight ? pass : fail)("clock", isRight ? "clock_right" : "clock_off", { seconds: clockSeconds });
}

function indexCheck(heard: TrialHeard): TrialCheck {
  if (heard.kind === "silent") return na("index", "not_told");
  if (heard.indexWh === null) return fail("index", "index_missing");
  const figures = { index: unitsText(heard.indexWh), known: heard.knownWh === null ? "-" : unitsText(heard.knownWh) };
  return heard.index === "fits" ? pass("index", "index_fits", figures) : fail("index", `index_${heard.index}`, figures);
}

function relayCheck(archive: TrialArchive, heard: TrialHeard): TrialCheck {
  if (archive.switchKind === "none") return na("relay", "no_switch");
  if (!archive.provesSwitch) return na("relay", "switch_unproven");
  if (heard.kind === "silent") return na("relay", "not_told");
  if (heard.relayOpen === undefined) return fail("relay", "relay_missing");
  if (heard.relayOpen === null) return fail("relay", "valve_fault");
  return pass("relay", heard.relayOpen ? "relay_open" : "relay_closed");
}

function creditCheck(archive: TrialArchive, heard: TrialHeard): TrialCheck {
  if (archive.creditAt === null) return na("credit", "no_customer");
  if (archive.creditAt === "server") return na("credit", "credit_on_server");
  if (heard.kind === "silent") return na("credit", "not_told");
  if (heard.remainingWh === null) return fail("credit", "credit_missing");
  const { purchaseCount: shown } = heard;
  const books = archive.purchaseCount;
  if (shown !== null && shown !== books) return fail("credit", "count_differs", { shown, books });
  return pass("credit", "credit_read", { remaining: unitsText(heard.remainingWh) });
}

function ratioCheck({ ratio, lineRatio, creditAt }: TrialArchive): TrialCheck {
  if (creditAt === "meter" && ratio !== 1) return fail("ratio", "ratio_in_meter", { ratio });
  if (lineRatio !== null && lineRatio !== ratio) return fail("ratio", "ratio_differs", { ratio, line: lineRatio });
  return pass("ratio", "ratio_is", { ratio });
}

function cycleCheck({ channelOn, cycle }: TrialArchive): TrialCheck {
  if (!channelOn) return fail("cycle", "channel_off");
  return cycle === null ? pass("cycle", "cycle_default") : pass("cycle", "cycle_is", { seconds: cycle });
}

function priceCheck({ priceE4, hasTariff }: TrialArchive): TrialCheck {
  if (priceE4 <= 0 && !hasTariff) return fail("price", "price_missing");
  return pass("price", "price_is", { price: decimal(priceE4, 4) });
}

function roomCheck({ mode, room, hasCustomer }: TrialArchive): TrialCheck {
  if (mode === "public") return na("room", "public_meter");
  if (room === null) return fail("room", "room_missing");
  return pass("room", hasCustomer ? "room_customer" : "room_vacant", { room });
}

function parentCheck({ gateway, mode, hasBox, isMaster }: TrialArchive): TrialCheck {
  if (gateway !== null && !gateway.fits) return fail("parent", "gateway_missing", { number: gateway.number });
  if (mode === "public" && !hasBox) return fail("parent", "box_missing");
  if (isMaster) return pass("parent", "master_meter");
  if (mode === "public") return pass("parent", "public_in_box");
  if (gateway !== null) return pass("parent", "behind_gateway", { number: gateway.number });
  return na("parent", "plain_meter");
}

/** More than what stands by in an empty dwelling, in W: somebody uses it, whatever the archive says. */
const LOAD_W = 20;

/**
 * Why a meter is not switched off and on again, by what is known beforehand; null: it may be. Supply guard, a master meter and a switch that
 * a person has to close by hand are never tried; somebody who lives there, or what is switched on, only when that very meter was chosen.
 */
export function whyNoSwitchTest(archive: TrialArchive, heard: TrialHeard, wish: SwitchWish): TrialWhy | null {
  if (wish === "no") return "switch_not_asked";
  const never = whyNeverSwitched(archive);
  if (never !== null) return never;
  if (isInUse(archive) && wish !== "in_use") return "switch_in_use";
  if (heard.kind === "silent") return "not_told";
  if (heard.relayOpen !== false) return "switch_is_off";
  if (Math.abs(heard.powerW ?? 0) >= LOAD_W && wish !== "in_use") return "switch_load";
  return null;
}

/** The reasons that no choice overrides. */
export function whyNeverSwitched(
  archive: Pick<TrialArchive, "switchKind" | "provesSwitch" | "closesBy" | "supplyGuard" | "isMaster">,
): TrialWhy | null {
  if (archive.switchKind === "none") return "no_switch";
  if (archive.supplyGuard) return "switch_guarded";
  if (archive.isMaster) return "switch_master";
  if (!archive.provesSwitch) return "switch_unproven";
  return archive.closesBy === "button" ? "switch_button" : null;
}

/** Whether somebody depends on the supply: a customer, or everybody. */
export function isInUse({ hasCustomer, mode }: Pick<TrialArchive, "hasCustomer" | "mode">): boolean {
  return hasCustomer || mode === "public";
}

/** The check of the switch, when it was not tried. */
export function switchLeftOut(why: TrialWhy): TrialCheck {
  return na("switch", why);
}

/** The check of the switch, when it was tried. */
export function switchTried(why: TrialWhy): TrialCheck {
  return why === "switch_done" ? pass("switch", why) : fail("switch", why);
}

/** How a meter came off by its checks. */
export function trialResult(checks: readonly TrialCheck[]): "pass" | "fail" {
  return checks.some(({ outcome }) => outcome === "fail") ? "fail" : "pass";
}

/** Wh or litres as units with two places, cut. */
function unitsText(wh: number): string {
  return decimal(Math.trunc(wh / 10), 2);
}

function decimal(value: number, places: number): string {
  const digits = String(Math.abs(value)).padStart(places + 1, "0");
  return `${value < 0 ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
