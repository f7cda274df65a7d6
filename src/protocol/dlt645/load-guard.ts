import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import type { Bytes } from "../bytes.ts";
import { localTimeOf, timeText } from "./control.ts";
import { itemData, itemOf, itemValues } from "./items.ts";

/**
 * The load guard (安全用电) of JC1: a meter that opens its own relay when the load is too high, rises too much at once, or holds a
 * resistive load that the room must not have. No standard has identifiers for it; these are JC1's own.
 */
export const LOAD_GUARD_DI = { settings: "0400E101", state: "0400E102", release: "0400E103" } as const;

/** What is written to {@link LOAD_GUARD_DI}.release. */
export const RELEASE_CODE = 0xaa;

/** What the guard watches for; 0 W switches one of them off. Times of day are minutes after midnight. */
export type GuardSettings = {
  maxW: number;
  /** A rise within a second. */
  stepW: number;
  /** A resistive load that is added (恶性负载). */
  maliciousW: number;
  offMinutes: number;
  /** With this trip since counting began the relay stays open until it is released. */
  tripsMax: number;
  /** From when trips are counted: since the last release only, or since midnight where that is later. */
  countFrom: "release" | "midnight";
  /** When resistive loads are allowed; equal: never. */
  exemptFrom: number;
  exemptTo: number;
};

/** Why it tripped last. */
export const GUARD_CAUSES = ["none", "max_load", "sudden_change", "malicious_load"] as const;
export type GuardCause = (typeof GUARD_CAUSES)[number];
/** Closed or open for another reason; open for a while; open until somebody releases it. */
export const GUARD_STATES = ["free", "waiting", "locked"] as const;
export type GuardStateName = (typeof GUARD_STATES)[number];

/** What the meter tells of its guard. `trips` counts as the settings say, `total` for ever (0 after 9999). */
export type GuardState = {
  state: GuardStateName;
  cause: GuardCause;
  trips: number;
  total: number;
  /** By the meter's clock; null when it never tripped. */
  trippedAt: Instant | null;
  /** The load that tripped it. */
  powerW: number;
};

const FROM = ["release", "midnight"] as const;
const NEVER = "2000-00-00 00:00:00";
/** What the registers can hold. */
export const GUARD_W_MAX = 99_999;

/** The data of the settings item. They must fit its registers. */
export function encodeGuardSettings(settings: GuardSettings): Bytes {
  const data = itemData(itemNamed(LOAD_GUARD_DI.settings), [
    kw(settings.maxW),
    kw(settings.stepW),
    kw(settings.maliciousW),
    String(settings.offMinutes),
    String(settings.tripsMax),
    String(FROM.indexOf(settings.countFrom)),
    clock(settings.exemptFrom),
    clock(settings.exemptTo),
  ]);
  assert(data !== null, "the settings of a load guard fit their registers");
  return data;
}

/** What data of the settings item says; null when it is none. */
export function decodeGuardSettings(data: Bytes): GuardSettings | null {
  const values = texts(LOAD_GUARD_DI.settings, data);
  if (values === null) return null;
  const [maxW, stepW, maliciousW] = values.slice(0, 3).map((each) => Math.round(Number(each) * 1000));
  const [offMinutes, tripsMax, from] = values.slice(3, 6).map(Number);
  const [exemptFrom, exemptTo] = values.slice(6).map(minutes);
  const countFrom = FROM[from ?? -1];
  if (countFrom === undefined || exemptFrom == null || exemptTo == null) return null;
  if (!offMinutes || !tripsMax) return null;
  return {
    ...{ maxW: maxW ?? 0, stepW: stepW ?? 0, maliciousW: maliciousW ?? 0 },
    ...{ offMinutes, tripsMax, countFrom, exemptFrom, exemptTo },
  };
}

/** The data of the state item. */
export function encodeGuardState(state: GuardState): Bytes {
  const data = itemData(itemNamed(LOAD_GUARD_DI.state), [
    String(GUARD_STATES.indexOf(state.state)),
    String(GUARD_CAUSES.indexOf(state.cause)),
    String(Math.min(99, state.trips)),
    String(state.total % 10_000),
    state.trippedAt === null ? NEVER : timeText(localTimeOf(state.trippedAt)),
    kw(state.powerW),
  ]);
  assert(data !== null, "the state of a load guard fits its registers");
  return data;
}

/** What data of the state item says; null when it is none: then nothing is believed of it. */
export function decodeGuardState(data: Bytes): GuardState | null {
  const values = texts(LOAD_GUARD_DI.state, data);
  if (values === null) return null;
  const [at = "", load = ""] = values.slice(4);
  const [name, cause, trips, total] = values.slice(0, 4).map(Number);
  const state = GUARD_STATES[name ?? -1];
  const why = GUARD_CAUSES[cause ?? -1];
  const ms = Date.parse(`${at.replace(" ", "T")}+08:00`);
  if (state === undefined || why === undefined || (at !== NEVER && Number.isNaN(ms))) return null;
  if (state !== "free" && (why === "none" || at === NEVER)) return null;
  return {
    ...{ state, cause: why, trips: trips ?? 0, total: total ?? 0 },
    trippedAt: at === NEVER ? null : (ms as Instant),
    powerW: Math.round(Number(load) * 1000),
  };
}

function itemNamed(di: string) {
  const item = itemOf(di);
  assert(item !== undefined, "the items of the load guard are in the table");
  return item;
}

/** All values of the item; null when one is absent or unreadable. */
function texts(di: string, data: Bytes): string[] | null {
  const values = itemValues(itemNamed(di), data, 0)?.map((each) => each.value);
  return values?.every((each) => each !== null) ? values : null;
}

function kw(watts: number): string {
  return (watts / 1000).toFixed(4);
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

function minutes(text: string): number | null {
  const [hour = 0, minute = 0] = text.split(":").map(Number);
  return hour < 24 && minute < 60 ? hour * 60 + minute : null;
}
