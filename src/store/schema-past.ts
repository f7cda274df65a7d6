/**
 * How far the past of a meter has been fetched from what it keeps itself (日冻结、负荷记录), and what is known of its clock. Of the device of
 * `installation`; another one in its place begins anew. Gaps are not listed: they follow from the readings that are missing.
 */
export type MeterMemoryTable = {
  meter_id: number;
  installation: number;
  /** What this device froze counts from here on. */
  since_at: number;
  /** Every midnight up to here has its freeze, or the meter has said that it has none. */
  frozen_to: number;
  /** Every step of time up to here has a reading or a record, or there is none to be had. */
  recorded_to: number;
  /** After silence it is left alone until then; `tries` counts, `trouble` says why. */
  next_at: number;
  tries: number;
  trouble: PastTrouble | null;
  /** How far its clock was ahead of ours when it was last read, in ms. */
  clock_offset_ms: number | null;
  clock_read_at: number;
  clock_good_at: number;
  clock_doubt_from: number;
  clock_doubt_to: number | null;
  /** When the last command to set it was made. */
  clock_asked_at: number;
  version: number;
};

/** Why the past of a meter could not be fetched: no answer, an answer that is none, or a clock that is out by half a day and more. */
export type PastTrouble = "silent" | "refused" | "clock" | "not_yet";

/** A midnight of which the meter has said that it kept nothing: it is not asked for again. */
export type FreezeNoneTable = { meter_id: number; at: number; told_at: number };

/** Tables of what meters keep themselves. */
export type PastSchema = {
  meter_memory: MeterMemoryTable;
  freeze_none: FreezeNoneTable;
};
