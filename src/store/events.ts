import type { MeterEventKind } from "#domain/meter-event.ts";
import type { Tx } from "./db.ts";
import type { MeterEventTable } from "./schema.ts";

export type NewMeterEvent = {
  id: string;
  meterId: number;
  at: number;
  kind: MeterEventKind;
  severity: MeterEventTable["severity"];
  detail?: Readonly<Record<string, string | number | boolean | null>>;
};

/** Appends events. Ids are derived by the caller, so that a repeated body writes the same rows again or none. */
export async function addEvents(tx: Tx, events: readonly NewMeterEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx
    .insertInto("meter_event")
    .values(
      events.map((event) => ({
        id: event.id,
        meter_id: event.meterId,
        at: event.at,
        kind: event.kind,
        severity: event.severity,
        detail: JSON.stringify(event.detail ?? {}),
      })),
    )
    .execute();
}
