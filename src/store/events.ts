import type { MeterEventKind } from "#domain/meter-event.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { Tx } from "./db.ts";
import { insertIgnore } from "./portable.ts";
import type { MeterEventTable } from "./schema-readings.ts";

export type NewMeterEvent = {
  id: string;
  meterId: number;
  at: number;
  kind: MeterEventKind;
  severity: MeterEventTable["severity"];
  detail?: Readonly<Record<string, string | number | boolean | null>>;
};

/** Appends events; one whose id is there already is the same event told again and is left alone. Answers how many are new. */
export async function addEvents(tx: Tx, events: readonly NewMeterEvent[]): Promise<number> {
  if (events.length === 0) return 0;
  const rows = events.map((event) => ({
    id: event.id,
    meter_id: event.meterId,
    at: event.at,
    kind: event.kind,
    severity: event.severity,
    detail: JSON.stringify(event.detail ?? {}),
  }));
  return insertIgnore(tx, "meter_event", rows, ["id"]);
}

/** The id of something that a meter showed at a time: a report that comes twice tells of it once. */
export function eventId(meterId: number, kind: MeterEventKind, at: number): string {
  return sha256Hex(`${meterId}|${kind}|${at}`).slice(0, ID_CHARS);
}

const ID_CHARS = 20;
