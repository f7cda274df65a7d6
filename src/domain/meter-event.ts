/** What is told about a meter in its history (事件). The page translates the kind; figures come beside it. */
export const meterEventKinds = [
  /** Supply went off; `cause` says why. */
  "tripped",
  "closed",
  "low_credit",
  "credit_restored",
  /** No answer for several rounds, and the first answer after it. */
  "silent",
  "answering",
  /** A reading that ran backwards or jumped: kept, not billed. */
  "reading_suspect",
  /** A person decided about a reading: accepted, rejected, corrected, or begun anew. */
  "reading_decided",
  "recharge_booked",
  "recharge_confirmed",
  "recharge_refused",
  "recharge_stopped",
  "recharge_withdrawn",
  "refund_requested",
  /** The meter gave up units that are refunded, or all it had. */
  "refund_confirmed",
  "credit_cleared",
  "refund_refused",
  "refund_stopped",
  "refund_withdrawn",
  /** A tenant is leaving, stays after all, has left, or began. */
  "move_out_begun",
  "move_out_cancelled",
  "moved_out",
  "moved_in",
  /** The books took over the meter's purchase count. */
  "count_corrected",
  /** The meter joined a merged account, or left it; the meter said no, or contradicts the books on the way. */
  "group_joined",
  "group_left",
  "group_refused",
  "group_stopped",
  "command_requested",
  "command_confirmed",
  "command_refused",
  "command_expired",
  /** Somebody took it back before it was sent; the second: supply stays off without it. */
  "command_withdrawn",
  "close_withdrawn",
  /** Told to a meter whose switch cannot be read: nobody knows from here how it ended. */
  "command_unproven",
  /** A valve says that it is broken, or that it is not any more. */
  "valve_fault",
  "valve_repaired",
  /** The meter has another key for its top-ups: because it was told to, or because it was found so. */
  "key_changed",
  "key_change_refused",
  /** Another device is in the meter's place, and has what the old one held. */
  "exchange_begun",
  "exchange_cancelled",
  "exchange_stopped",
  "meter_swapped",
  "exchange_done",
  "ratio_changed",
  /** Somebody entered, renamed, moved or retired the meter, or changed how it is spoken to. */
  "archive_changed",
  "mode_changed",
  "mode_refused",
  /** Its clock is more than five minutes off, or right again. */
  "clock_wrong",
  "clock_right",
  /** Its guard over the load opened the relay; keeps it open; was let go by a person. What it watches for was changed in it. */
  "load_guard_tripped",
  "load_guard_locked",
  "load_guard_released",
  "load_guard_set",
  /** Something about the meter that people have to look after; somebody has seen it; it is over. */
  "alarm_opened",
  "alarm_acknowledged",
  "alarm_closed",
  /** The account was seen at or below its limit for the first time. */
  "arrears",
  /** Somebody told the customer that his credit runs out; `note` says how. */
  "customer_told",
] as const;

/** One of {@link meterEventKinds}. */
export type MeterEventKind = (typeof meterEventKinds)[number];
