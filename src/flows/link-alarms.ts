import { HOUR_MS, type Instant } from "#base/time.ts";
import type { LinkAlarmKind } from "#domain/link-alarm.ts";
import { insertIgnore, updatedRows } from "#store/portable.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { FlowContext } from "./context.ts";

/** Something wrong at the door, seen so many times since it was last written. */
export type LinkAlarm = {
  code: string;
  kind: LinkAlarmKind;
  source: string;
  firstAt: Instant;
  lastAt: Instant;
  times: number;
};

const ID_CHARS = 20;

/**
 * Writes down what was wrong at the door: one row for each concentrator, kind and hour, which counts. Alarms of codes that no archive
 * has are nobody's and are dropped. Several collectors may write the same row.
 */
export async function noteLinkAlarms(ctx: FlowContext, alarms: readonly LinkAlarm[]): Promise<void> {
  if (alarms.length === 0) return;
  await ctx.db.transact(async (tx) => {
    const rows = await tx
      .selectFrom("concentrator")
      .select(["id", "code"])
      .where("code", "in", [...new Set(alarms.map((alarm) => alarm.code))])
      .execute();
    const ids = new Map(rows.map((row) => [row.code, row.id]));
    // In one order, so that two collectors do not wait for each other in a circle.
    for (const alarm of alarms.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))) {
      const concentratorId = ids.get(alarm.code);
      if (concentratorId === undefined) continue;
      const { kind, firstAt, lastAt, times } = alarm;
      const hour = Math.floor(lastAt / HOUR_MS);
      const id = sha256Hex(`${concentratorId}|${kind}|${hour}`).slice(0, ID_CHARS);
      const detail = JSON.stringify({ source: alarm.source });
      const fresh = {
        id,
        concentrator_id: concentratorId,
        kind,
        first_at: firstAt,
        last_at: firstAt,
        times: 0,
        detail,
      };
      await insertIgnore(tx, "concentrator_alarm", [fresh], ["id"]);
      const counted = await tx
        .updateTable("concentrator_alarm")
        .set((eb) => ({ times: eb("times", "+", times), last_at: lastAt, detail }))
        .where("id", "=", id)
        .executeTakeFirst();
      if (updatedRows(counted) !== 1) throw new Error("an alarm that was just written is there");
    }
  });
}

function key({ code, kind }: LinkAlarm): string {
  return `${code}|${kind}`;
}
