/** Tables of the door through which concentrators come. Conventions as in `schema.ts`. */
import type { LinkAlarmKind } from "#domain/link-alarm.ts";

/**
 * Something wrong at the door (通道告警): one row for each concentrator, kind and hour, with how often it was seen. `detail` is JSON of the
 * last time: where it came from, never what was sent.
 */
export type ConcentratorAlarmTable = {
  id: string;
  concentrator_id: number;
  kind: LinkAlarmKind;
  first_at: number;
  last_at: number;
  times: number;
  detail: string;
};

export type LinksSchema = {
  concentrator_alarm: ConcentratorAlarmTable;
};
