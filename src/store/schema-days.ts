import type { DayQuality, EdgeSource } from "#domain/meter-day.ts";
import type { Flag } from "./flag.ts";

/** Why a row of a day was made: closed in time, a late reading, a correction, or readings on the other side of a gap. */
export type DayCause = "close" | "late" | "correction" | "gap";

/**
 * What a meter used on a day (日用量). Figures are never changed: what is learnt later is a whole new set of segments
 * under the next `rev`, and only `latest` of the old one is cleared. `segment` counts the lines of indexes of a meter from 1
 * (a meter exchange or a change of its ratio begins another); the cost of a day stands in its last segment. Null is unknown, never 0;
 * `cost_e4` is also null where nobody is charged.
 */
export type MeterDayTable = {
  meter_id: number;
  /** `2026-08-01` in Asia/Shanghai. */
  day: string;
  rev: number;
  segment: number;
  latest: Flag;
  ratio: number;
  open_wh: number | null;
  /** When the reading that `open_wh` rests on was measured. */
  open_at: number | null;
  open_source: EdgeSource | null;
  close_wh: number | null;
  close_at: number | null;
  close_source: EdgeSource | null;
  usage_wh: number | null;
  cost_e4: number | null;
  quality: DayQuality;
  cause: DayCause;
  made_at: number;
  /** When it was last asked whether an unknown day can be known by now. */
  looked_at: number;
};

/** The sum of a meter's latest days in a month, written with them in one transaction: a roll-up that cannot drift. */
export type MeterMonthTable = {
  meter_id: number;
  /** `2026-08`. */
  month: string;
  usage_wh: number | null;
  cost_e4: number | null;
  days: number;
  days_estimated: number;
  days_missing: number;
  version: number;
  updated_at: number;
};

/**
 * The usage of a meter's latest days of a month side by side, one column a day, written with them in one transaction: the sums of all
 * meters by day cost one row a meter. Null: not closed, or not known.
 */
export type MonthDaysTable = {
  /** `2026-08`. */
  month: string;
  meter_id: number;
  d01_wh: number | null;
  d02_wh: number | null;
  d03_wh: number | null;
  d04_wh: number | null;
  d05_wh: number | null;
  d06_wh: number | null;
  d07_wh: number | null;
  d08_wh: number | null;
  d09_wh: number | null;
  d10_wh: number | null;
  d11_wh: number | null;
  d12_wh: number | null;
  d13_wh: number | null;
  d14_wh: number | null;
  d15_wh: number | null;
  d16_wh: number | null;
  d17_wh: number | null;
  d18_wh: number | null;
  d19_wh: number | null;
  d20_wh: number | null;
  d21_wh: number | null;
  d22_wh: number | null;
  d23_wh: number | null;
  d24_wh: number | null;
  d25_wh: number | null;
  d26_wh: number | null;
  d27_wh: number | null;
  d28_wh: number | null;
  d29_wh: number | null;
  d30_wh: number | null;
  d31_wh: number | null;
};

/** A day whose every meter has been closed once. */
export type DayCloseTable = { day: string; meters: number; closed_at: number };

/** A closed day of a meter that must be looked at again, because a reading or a charge came late or was corrected. */
export type DayRecheckTable = { meter_id: number; day: string; cause: DayCause; asked_at: number };

/** What a person decided about a reading (更正读数). Readings stay as they are; the latest decision about one counts. */
export type ReadingCorrectionTable = {
  id: string;
  idem_key: string;
  request_hash: string;
  meter_id: number;
  register: number;
  measured_at: number;
  /** `accept`: it is right. `reject`: it counts for nothing. `correct`: `value_wh` is. `restart`: the register begins anew there. */
  decision: "accept" | "reject" | "correct" | "restart";
  /** What counts from now on; null for `reject`. */
  value_wh: number | null;
  /** What the meter said, and what was thought of it; null where there was no reading at that time. */
  raw_wh: number | null;
  raw_verdict: number | null;
  /** The last good index before it: where the old line ends when the register begins anew. */
  good_wh: number | null;
  good_at: number | null;
  reason: string;
  made_by: string;
  made_at: number;
};

/**
 * All readings of a meter's day in one row (`packed-readings.ts`), once they are no longer young: `reading` holds the last days, this
 * the years. What comes later for such a day stands in `reading` until it is folded in, under the next `rev`.
 */
export type ReadingDayTable = {
  meter_id: number;
  day: string;
  rev: number;
  readings: number;
  first_at: number;
  last_at: number;
  data: Uint8Array;
};

/** Tables of days, months and corrected readings. */
export type DaysSchema = {
  meter_day: MeterDayTable;
  meter_month: MeterMonthTable;
  month_days: MonthDaysTable;
  day_close: DayCloseTable;
  day_recheck: DayRecheckTable;
  reading_day: ReadingDayTable;
  reading_correction: ReadingCorrectionTable;
};
