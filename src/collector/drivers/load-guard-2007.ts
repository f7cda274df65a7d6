import { assert } from "#base/errors.ts";
import type { Bytes } from "#protocol/bytes.ts";
import type { Frame645 } from "#protocol/dlt645/frame.ts";
import {
  decodeGuardSettings,
  decodeGuardState,
  encodeGuardSettings,
  LOAD_GUARD_DI,
  RELEASE_CODE,
} from "#protocol/dlt645/load-guard.ts";
import { encodeRequest } from "#protocol/dlt645/requests.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import type { LoadGuardWay, MeterAnswer } from "./driver.ts";

/** How the load guard (安全用电) of a JC1 meter is set and released: plain writes with the password of the relay command. */
export function loadGuardOf(profile: MeterProfile, wire: (frame: Frame645) => Bytes): LoadGuardWay | null {
  const { access, loadGuard } = profile;
  if (loadGuard === null) return null;
  assert(access !== null && access.operator !== null, `${profile.name} has the rights of its writes`);
  const { password, operator } = access;
  const write = (address: string, di: string, data: Bytes) =>
    wire(encodeRequest(address, { kind: "write", di, data, password, operator }));
  return {
    place: LOAD_GUARD_DI.state,
    encodeSettings: (address, settings) => write(address, LOAD_GUARD_DI.settings, encodeGuardSettings(settings)),
    encodeRelease: (address) => write(address, LOAD_GUARD_DI.release, Uint8Array.of(RELEASE_CODE)),
  };
}

/** What the items of a load guard say; null for another item, or for data that is none of theirs. */
export function loadGuardMeaning(di: string, data: Bytes): MeterAnswer | null {
  if (di === LOAD_GUARD_DI.settings) {
    const loadGuardSettings = decodeGuardSettings(data);
    return loadGuardSettings && { kind: "values", values: { loadGuardSettings } };
  }
  const shown = di === LOAD_GUARD_DI.state ? decodeGuardState(data) : null;
  if (shown === null) return null;
  const cause = shown.cause === "none" ? null : shown.cause;
  return { kind: "values", values: { loadGuard: { ...shown, cause } } };
}
