import type { LoadCause } from "./load-guard.ts";

/** What is watched for at meters and worked on by people (报警). A kind is open at most once for a meter. The page translates it. */
export const alarmKinds = [
  /** The register stands still although somebody lives there (静止). */
  "static",
  /** The meter's own guard over the load keeps supply off until a person has been there (安全锁定). */
  "safety_lock",
] as const;
export type AlarmKind = (typeof alarmKinds)[number];

/** How grave an alarm is. */
export const alarmLevels = ["warning", "severe"] as const;
export type AlarmLevel = (typeof alarmLevels)[number];

/** How grave each kind is when it opens. */
export const levelOf: Readonly<Record<AlarmKind, AlarmLevel>> = {
  static: "warning",
  safety_lock: "severe",
};

/** What whoever went there found (现场结果). */
export const alarmFindings = ["normal_vacancy", "abnormal", "theft"] as const;
export type AlarmFinding = (typeof alarmFindings)[number];

/**
 * How an alarm ended: somebody went there, or by itself because the meter moved again, nobody lives there any more, its guard was released, or
 * another device is in its place (or the meter turned out to be one without a guard).
 */
export const alarmEnds = ["visit", "moved", "left", "released", "replaced"] as const;
export type AlarmEnd = (typeof alarmEnds)[number];

/** What an alarm of a lock-out rests on: why the guard tripped last, how often since counting began and ever, and by what load, in W. */
export type LockEvidence = {
  readonly cause: LoadCause;
  readonly trips: number;
  readonly total: number;
  readonly powerW: number;
  readonly trippedAt: number;
};

/** What an alarm of standing still rests on: since when and until when it stood still, at which indexes (Wh or litres, before the ratio), by how many good readings. */
export type StillEvidence = {
  readonly sinceAt: number;
  readonly untilAt: number;
  readonly fromWh: number;
  readonly toWh: number;
  readonly usedWh: number;
  readonly readings: number;
  readonly periodHours: number;
  readonly floorWh: number;
};

/** The largest photo of a visit, in bytes. */
export const PHOTO_BYTES_MAX = 2 * 1024 * 1024;

/** What a photo may be: pictures that no browser runs. */
export const photoTypes = ["image/jpeg", "image/png"] as const;
/** One of {@link photoTypes}. */
export type PhotoType = (typeof photoTypes)[number];

const SIGNS: readonly (readonly [PhotoType, readonly number[]])[] = [
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
];

/** What kind of picture begins like this; null for everything else, whatever its name says. */
export function photoTypeOf(bytes: Uint8Array): PhotoType | null {
  const found = SIGNS.find(([, sign]) => bytes.length > sign.length && sign.every((byte, i) => bytes[i] === byte));
  return found?.[0] ?? null;
}
