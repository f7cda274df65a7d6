import type { MeterEventKind } from "#domain/meter-event.ts";
import type { Flag } from "./flag.ts";

/**
 * What is known about a meter now. `index_*` is the latest good total index, `settled_*` what has been charged.
 * `purchase_count` counts the top-ups that the meter confirmed; `purchase_count_read` is what it last showed.
 * `relay` is read back from the meter, `relay_commanded` what it was last told.
 */
export type MeterStateTable = {
  meter_id: number;
  index_wh: number | null;
  index_at: number;
  remaining_wh: number | null;
  remaining_at: number;
  purchase_count: number;
  purchase_count_read: number | null;
  purchase_count_read_at: number;
  relay: "open" | "closed" | null;
  relay_at: number;
  relay_commanded: "open" | "closed" | null;
  relay_commanded_at: number;
  /** For whom it was last told to open. */
  relay_commanded_for: "arrears" | "operator" | null;
  off_cause: "arrears" | "operator" | "safety" | "unknown" | null;
  /** What the meter keeps about its switch: status word 3 of DL/T 645-2007, C020 of 1997, ST of CJ/T 188. */
  status_word3: number | null;
  /** The switch itself says that it is broken (valve, D1 of ST). */
  switch_fault: Flag;
  voltage_mv: number | null;
  current_ma: number | null;
  power_w: number | null;
  instant_at: number;
  last_answer_at: number;
  /** Rounds without an answer since the last one, and when the last of them was counted. */
  silent_rounds: number;
  silent_at: number;
  /** The last reading that was not believed, until readings follow the old line again: billing waits for a person meanwhile. */
  suspect_wh: number | null;
  suspect_at: number;
  /** A reading that a person refused, until readings follow the old line: waiting alone does not make it believable either. */
  rejected_wh: number | null;
  rejected_at: number;
  settled_index_wh: number | null;
  settled_at: number;
  /** What rounding kept back when the last usage was charged, in 1/10000 yuan ÷ 1000: carried, so it never drifts. */
  settled_residue: number;
  low_credit: Flag;
  top_ups_stopped: Flag;
  /** The command that is between "sent" and its end: one at a time, so that purchase numbers run without gaps. */
  top_up_open: string | null;
  /** Frames logged so far; the ring slot of the next one is this modulo its size. */
  frame_count: number;
  changed_at: number;
  version: number;
};

/** One reading of one register. Key: meter first on the MySQL family, time first on SQLite. Never updated. */
export type ReadingTable = {
  meter_id: number;
  register: number;
  measured_at: number;
  value: number;
  verdict: number;
  received_at: number;
};

/** Something that happened to a meter, for people: tripped, closed, low credit, top-up confirmed, silent … */
export type MeterEventTable = {
  id: string;
  meter_id: number;
  at: number;
  kind: MeterEventKind;
  severity: "info" | "warning" | "alarm";
  detail: string;
};

/** The last frames of a meter: a ring of `slot`s per meter, so it never grows. */
export type FrameLogTable = {
  meter_id: number;
  slot: number;
  at: number;
  direction: "sent" | "received" | "silence";
  hex: string;
  command_id: string | null;
  took_ms: number;
};

export type ReadingsSchema = {
  meter_state: MeterStateTable;
  reading: ReadingTable;
  meter_event: MeterEventTable;
  frame_log: FrameLogTable;
};
