import { dayOf, formatInstant, type Instant, instant, MINUTE_MS, weekdayOf } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import { encodeRead } from "#protocol/dlt645/commands.ts";
import { localTimeOf } from "#protocol/dlt645/control.ts";
import type { Frame645 } from "#protocol/dlt645/frame.ts";
import { itemData, itemOf, itemValues } from "#protocol/dlt645/items.ts";
import { loadRecordBlocks } from "#protocol/dlt645/load-record.ts";
import { encodeRequest } from "#protocol/dlt645/requests.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";
import type { ClockWay, FreezeWay, MeterAnswer, RecordWay } from "./driver.ts";

type Wire = (frame: Frame645) => Bytes;

/** Load records of class 4 (energies) from a time on. */
const RECORDS_FROM = "06040001";
const FORWARD = "forward active energy";
/** So many blocks of class 4 (32 bytes) fit into the 200 bytes of an answer. */
const RECORDS_AT_ONCE = 6;
/** Wake-up bytes, frame, identifier and the fullest content. */
const RECORDS_REPLY_BYTES = 4 + 12 + 200;
/** XXXXXX.XX kWh as text to Wh: a hundredth is 10 Wh. */
const WH_PER_HUNDREDTH = 10;

/** Daily freezes (日冻结, 0506): the time of the n-th last one, and the forward energy of it. */
export function freezesOf({ memory: { daily } }: MeterProfile, wire: Wire): FreezeWay | null {
  if (daily === null) return null;
  const ask = (register: string) => (address: string, n: number) =>
    wire(encodeRead(address, `0506${register}${n.toString(16).padStart(2, "0").toUpperCase()}`));
  return { kept: daily.kept, encodeTime: ask("00"), encodeIndex: ask("01") };
}

/** Load records (负荷记录, 0604). */
export function recordsOf({ memory: { records } }: MeterProfile, wire: Wire): RecordWay | null {
  if (records === null) return null;
  return {
    everyMs: records.everyMinutes * MINUTE_MS,
    kept: records.kept,
    atOnce: RECORDS_AT_ONCE,
    replyBytes: RECORDS_REPLY_BYTES,
    encode(address, from, count) {
      const { second: _, ...minute } = localTimeOf(from);
      return wire(encodeRequest(address, { kind: "read", di: RECORDS_FROM, blocks: count, from: minute }));
    },
  };
}

/** The clock: read as date and time, called out to everybody (08H), or written by one item (14H). */
export function clockOf({ clock, access }: MeterProfile, wire: Wire): ClockWay | null {
  if (clock === null) return null;
  const { write } = clock;
  const item = write === null ? undefined : itemOf(write);
  const rights = access?.operator ? { password: access.password, operator: access.operator } : null;
  return {
    places: clock.reads,
    encodeCall: clock.broadcast ? (at) => wire(encodeRequest("", { kind: "set_clock", time: localTimeOf(at) })) : null,
    encodeWrite:
      item === undefined || rights === null
        ? null
        : (address, at) => {
            const [date = "", time = ""] = formatInstant(at).split(" ");
            const data = itemData(item, [`${date} week0${weekdayOf(dayOf(at))} ${time}`]) ?? new Uint8Array(0);
            return wire(encodeRequest(address, { kind: "write", di: item.di, data, ...rights }));
          },
  };
}

/** What data about the past or about the clock means; null for every other. An answer without a time is no number. */
export function pastMeaning(di: string, data: Bytes): MeterAnswer | null {
  if (di === RECORDS_FROM) return { kind: "past", told: { what: "records", points: pointsOf(data) } };
  const item = itemOf(di);
  const first = item === undefined ? undefined : itemValues(item, data, 0)?.[0];
  if (first === undefined) return null;
  const { value } = first;
  if (di.startsWith("050600"))
    return { kind: "past", told: { what: "frozen_at", at: value === null ? null : minuteAt(value) } };
  if (di.startsWith("050601")) {
    const energyWh = value === null ? null : whOf(value);
    return energyWh === null ? null : { kind: "past", told: { what: "frozen", energyWh } };
  }
  if (value === null) return null;
  switch (di) {
    case "04000101":
      return { kind: "values", values: {}, clock: { date: value.slice(0, 10) } };
    case "04000102":
      return { kind: "values", values: {}, clock: { time: value } };
    case "0400010C":
      return { kind: "values", values: {}, clock: { date: value.slice(0, 10), time: value.slice(-8) } };
    default:
      return null;
  }
}

/** The good blocks; one that the meter calls bad, or that cannot be read, is left out. */
function pointsOf(data: Bytes): { at: Instant; energyWh: number }[] {
  return loadRecordBlocks(data).flatMap(({ time, marked, values, fault }) => {
    const at = time === null || fault !== null || marked ? null : minuteAt(time);
    const shown = values.find((each) => each.name === FORWARD)?.value ?? null;
    const energyWh = shown === null ? null : whOf(shown);
    return at === null || energyWh === null ? [] : [{ at, energyWh }];
  });
}

/** `2026-08-01 00:00` of China's time; null where it is no time, such as the zeros of an empty place. */
function minuteAt(text: string): Instant | null {
  const ms = Date.parse(`${text.replace(" ", "T")}:00+08:00`);
  return Number.isNaN(ms) ? null : instant(ms);
}

function whOf(text: string): number {
  return Number(text.replace(".", "")) * WH_PER_HUNDREDTH;
}
