import { dayOf, formatInstant, type Instant, instant, MINUTE_MS, weekdayOf } from "#base/time.ts";
import { type Bytes, concat } from "#protocol/bytes.ts";
import { encodeReadError } from "#protocol/dlt645/commands.ts";
import { BROADCAST, instantOf } from "#protocol/dlt645/control.ts";
import type { Frame645 } from "#protocol/dlt645/frame.ts";
import { itemData, itemOf, itemValues } from "#protocol/dlt645/items.ts";
import { loadRecordBlock } from "#protocol/dlt645/load-record.ts";
import { encodeReply } from "#protocol/dlt645/replies.ts";
import { decodeRequest, type Request645 } from "#protocol/dlt645/requests.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import { meterClock, putClock, takeCalledTime } from "./memory.ts";
import type { Kept, Meter } from "./meters.ts";

const ERR_NO_DATA = 0x02;
const ERR_PASSWORD = 0x04;
const ERR_OTHER = 0x01;
/** 200 bytes of data (§5.2.4) hold so many blocks of class 4. */
const BLOCKS_MAX = 6;

/**
 * What a meter of DL/T 645-2007 says about its clock and what it kept by it: freezes (0506), load records (0604), date and time. Null
 * when the frame is about something else. The time that is called out to everybody is taken without a word.
 */
export function answerMemory(meter: Meter, profile: MeterProfile, frame: Frame645, now: Instant): Frame645 | null {
  const asked = decodeRequest(frame);
  if (!asked.ok) return null;
  const { request } = asked;
  if (request.kind === "set_clock") {
    if (frame.address === BROADCAST && profile.clock?.broadcast) takeCalledTime(meter, instantOf(request.time), now);
    return null;
  }
  if (request.kind === "write")
    return frame.address === meter.plan.address ? write(meter, profile, request, now) : null;
  if (request.kind !== "read") return null;
  const { di } = request;
  const data = di.startsWith("0506")
    ? frozen(meter, profile, di)
    : di.startsWith("0604")
      ? recorded(meter, profile, request)
      : clockData(meter, di, now);
  if (data === undefined) return null;
  const { address } = meter.plan;
  return data === null
    ? encodeReadError(address, ERR_NO_DATA)
    : encodeReply(address, { kind: "data", di, data, more: false });
}

/** Time (0506 00) or forward energy (0506 01) of the n-th last freeze. */
function frozen({ state }: Meter, profile: MeterProfile, di: string): Bytes | null {
  const [what, n] = [di.slice(4, 6), Number.parseInt(di.slice(6), 16)];
  const kept = profile.memory.daily === null ? undefined : (state.freezes ?? []).at(-n);
  const item = itemOf(di);
  if (kept === undefined || item === undefined || n === 0) return null;
  if (what === "00") return itemData(item, [minuteText(kept)]);
  return what === "01" ? itemData(item, [energyText(kept)]) : null;
}

/** Blocks from the given time on; empty when there are none, which is no error (§7.1). */
function recorded(
  { state }: Meter,
  profile: MeterProfile,
  { di, blocks = 1, from }: Request645 & { kind: "read" },
): Bytes | null {
  if (profile.memory.records === null || di !== "06040001" || from === undefined) return null;
  const begin = instantOf({ ...from, second: 0 });
  const found = (state.records ?? []).filter(([minute]) => begin !== null && minute * MINUTE_MS >= begin);
  const parts = found.slice(0, Math.min(blocks, BLOCKS_MAX)).map((kept) => {
    const energies = [energyText(kept), "0.00", "0.00", "0.00"];
    return loadRecordBlock(minuteText(kept), [[], [], [], energies, [], []]) ?? new Uint8Array(0);
  });
  return concat(...parts);
}

/** Undefined when neither date nor time is asked for. */
function clockData(meter: Meter, di: string, now: Instant): Bytes | null | undefined {
  const at = meterClock(meter, now);
  const [date = "", time = ""] = formatInstant(at).split(" ");
  const week = `week0${weekdayOf(dayOf(at))}`;
  const values: Readonly<Record<string, string>> = {
    "04000101": `${date} ${week}`,
    "04000102": time,
    "0400010C": `${date} ${week} ${time}`,
  };
  const item = itemOf(di);
  return values[di] === undefined || item === undefined ? undefined : itemData(item, [values[di]]);
}

function write(
  meter: Meter,
  profile: MeterProfile,
  { di, password, data }: Request645 & { kind: "write" },
  now: Instant,
): Frame645 | null {
  if (di !== profile.clock?.write) return null;
  const { address } = meter.plan;
  const refuse = (code: number) => encodeReply(address, { kind: "refused", function: "write", code, reasons: [] });
  if (password !== profile.access?.password) return refuse(ERR_PASSWORD);
  const item = itemOf(di);
  const text = item && itemValues(item, data, 0)?.[0]?.value;
  const at = text ? Date.parse(`${text.slice(0, 10)}T${text.slice(-8)}+08:00`) : Number.NaN;
  if (Number.isNaN(at) || !putClock(meter, instant(at), now)) return refuse(ERR_OTHER);
  return encodeReply(address, { kind: "done", function: "write" });
}

function minuteText([minute]: Kept): string {
  return formatInstant(instant(minute * MINUTE_MS)).slice(0, 16);
}

/** A register of six digits and two decimals, which begins again. */
function energyText([, shown]: Kept): string {
  return ((shown % 100_000_000) / 100).toFixed(2);
}
