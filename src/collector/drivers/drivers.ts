import { assert } from "#base/errors.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import { profiles } from "#protocol/profiles.ts";
import { driver188 } from "./cjt188.ts";
import { driver1997 } from "./dlt645-1997.ts";
import { driver2007 } from "./dlt645-2007.ts";
import type { Driver } from "./driver.ts";

const drivers: ReadonlyMap<string, Driver> = new Map(
  [...profiles.values()].map((profile) => [profile.name, makeDriver(profile)]),
);

/** How meters of that profile are spoken to; null when this collector cannot. */
export function driverNamed(profile: string): Driver | null {
  return drivers.get(profile) ?? null;
}

/** The driver of a meter that was admitted because there is one. */
export function driverOf(meter: { profile: string }): Driver {
  const driver = driverNamed(meter.profile);
  assert(driver !== null, `no driver for ${meter.profile}`);
  return driver;
}

function makeDriver(profile: MeterProfile): Driver {
  switch (profile.protocol) {
    case "dlt645-2007":
      return driver2007(profile);
    case "dlt645-1997":
      return driver1997(profile);
    case "cjt188":
      return driver188(profile);
  }
}
