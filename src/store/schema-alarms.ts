/** Tables of alarms that people work on. Conventions as in `schema.ts`. */
import type { AlarmEnd, AlarmFinding, AlarmKind, AlarmLevel, PhotoType } from "#domain/alarm.ts";

/**
 * An alarm of a meter (报警). `open_mark` is 1 while it is open and null afterwards, and unique with meter and kind: whoever finds the same
 * thing at the same time, there is one. `since_at` is since when what it tells of holds; `evidence` is JSON of what that rests on. `index_wh`
 * and `index_at` are the last index that was looked at. What a visit found may be added to one that ended by itself.
 */
export type AlarmTable = {
  id: string;
  meter_id: number;
  kind: AlarmKind;
  level: AlarmLevel;
  open_mark: number | null;
  opened_at: number;
  since_at: number;
  evidence: string;
  index_wh: number;
  index_at: number;
  acknowledged_by: string | null;
  acknowledged_at: number | null;
  acknowledge_note: string;
  closed_at: number | null;
  closed_how: AlarmEnd | null;
  finding: AlarmFinding | null;
  visited_by: string | null;
  visited_at: number | null;
  visit_note: string;
};

/** The photo that somebody brought from a visit: at most one for an alarm, never changed. */
export type AlarmPhotoTable = { alarm_id: string; type: PhotoType; bytes: Uint8Array };

/** When it is worth looking again whether a meter stands still: earlier it cannot be. */
export type StaticWatchTable = { meter_id: number; due_at: number };

export type AlarmsSchema = {
  alarm: AlarmTable;
  alarm_photo: AlarmPhotoTable;
  static_watch: StaticWatchTable;
};
