import { instant } from "#base/time.ts";
import { encodeReadError } from "#protocol/dlt645/commands.ts";
import type { Frame645 } from "#protocol/dlt645/frame.ts";
import {
  decodeGuardSettings,
  encodeGuardSettings,
  encodeGuardState,
  LOAD_GUARD_DI,
  RELEASE_CODE,
} from "#protocol/dlt645/load-guard.ts";
import { encodeReply } from "#protocol/dlt645/replies.ts";
import { decodeRequest } from "#protocol/dlt645/requests.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import { guardOf, isHeld, setGuard } from "./load-guard.ts";
import { type Meter, powerWatts, release } from "./meters.ts";

const ERR_OTHER = 0x01;
const ERR_NO_DATA = 0x02;
const ERR_PASSWORD = 0x04;

/** What a JC1 meter says about its load guard (安全用电), and does; null when the frame is about something else. */
export function answerLoadGuard(meter: Meter, profile: MeterProfile, frame: Frame645): Frame645 | null {
  const asked = decodeRequest(frame);
  if (profile.loadGuard === null || !asked.ok) return null;
  const { request } = asked;
  const { address } = meter.plan;
  if (request.kind === "read") return isGuardItem(request.di) ? tell(meter, request.di) : null;
  if (request.kind !== "write" || !isGuardItem(request.di) || frame.address !== address) return null;
  const refuse = (code: number) => encodeReply(address, { kind: "refused", function: "write", code, reasons: [] });
  if (request.password !== profile.access?.password) return refuse(ERR_PASSWORD);
  if (request.di === LOAD_GUARD_DI.settings) {
    const settings = decodeGuardSettings(request.data);
    if (settings === null) return refuse(ERR_OTHER);
    setGuard(meter, settings, powerWatts(meter));
  } else if (request.di === LOAD_GUARD_DI.release) {
    if (request.data.length !== 1 || request.data[0] !== RELEASE_CODE) return refuse(ERR_OTHER);
    release(meter);
  } else return refuse(ERR_NO_DATA);
  return encodeReply(address, { kind: "done", function: "write" });
}

function isGuardItem(di: string): boolean {
  return Object.values(LOAD_GUARD_DI).some((each) => each === di);
}

function tell(meter: Meter, di: string): Frame645 {
  const { address } = meter.plan;
  const guard = guardOf(meter);
  const trippedMs = guard.lastClockMs ?? guard.last?.atMs ?? null;
  if (di === LOAD_GUARD_DI.release) return encodeReadError(address, ERR_NO_DATA);
  const data =
    di === LOAD_GUARD_DI.settings
      ? encodeGuardSettings(guard.settings)
      : encodeGuardState({
          state: guard.locked ? "locked" : isHeld(meter) ? "waiting" : "free",
          cause: guard.last?.cause ?? "none",
          trips: guard.trips,
          total: guard.total,
          trippedAt: trippedMs === null ? null : instant(trippedMs),
          powerW: guard.last?.powerW ?? 0,
        });
  return encodeReply(address, { kind: "data", di, data, more: false });
}
