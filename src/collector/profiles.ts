import { type Instant, later, MINUTE_MS } from "#base/time.ts";
import type { LocalTime } from "#protocol/dlt645/commands.ts";

/** What differs from one model of meter to the next and is not in the archive. */
export type MeterProfile = {
  name: string;
  baud: number;
  /** Wake-up bytes FEH in front of every frame (DL/T 645-2007 §5.3.1). */
  wakeUpBytes: number;
  /** Level and password of relay control, "PA P0 P1 P2". */
  relayPassword: string;
  /** Operator code that commands carry. */
  operator: string;
  /** Wh that one step of a top-up's amount is worth. */
  creditUnitWh: number;
  /** How long a relay command stays valid in the meter: the meter refuses a frame that was held back for longer. */
  relayValidMs: number;
};

/** Our own open profile: DL/T 645-2007 with JC1 recharging. */
const JC1: MeterProfile = {
  name: "jc1",
  baud: 2400,
  wakeUpBytes: 4,
  relayPassword: "02000000",
  operator: "00000001",
  creditUnitWh: 10,
  relayValidMs: 10 * MINUTE_MS,
};

const profiles: ReadonlyMap<string, MeterProfile> = new Map([[JC1.name, JC1]]);

/** The profile of that name, or null when this collector cannot speak to such a meter. */
export function meterProfile(name: string): MeterProfile | null {
  return profiles.get(name) ?? null;
}

/** Meters keep China's time, whatever the zone of this host. */
const SHANGHAI_OFFSET_MS = 8 * 60 * MINUTE_MS;

/** The moment until which a relay command given now is valid, as the meter's clock shows it. */
export function relayValidUntil(profile: MeterProfile, now: Instant): LocalTime {
  const at = new Date(later(now, profile.relayValidMs + SHANGHAI_OFFSET_MS));
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
  };
}
