import type { Instant } from "#base/time.ts";
import { CLOCK_UNREAD, type ClockKnown } from "#domain/past.ts";
import { beginMemories, type MeterWithPast } from "#store/past.ts";
import type { MeterMemoryTable } from "#store/schema-past.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Begins to keep account of what meters remember: for those that are new, and for another device in a meter's place. */
export async function beginMeterMemories(
  ctx: FlowContext,
  meters: readonly MeterWithPast[],
): Promise<MeterMemoryTable[]> {
  const rows = meters.filter(isNew).map(firstMemory);
  if (rows.length > 0) await decide(ctx.db, (tx) => beginMemories(tx, rows));
  return rows;
}

/** What is known of the clock of the device. */
export function clockOfMemory(row: MeterMemoryTable): ClockKnown {
  return {
    offsetMs: row.clock_offset_ms,
    readAt: row.clock_read_at,
    goodAt: row.clock_good_at,
    doubtFrom: row.clock_doubt_from,
    doubtTo: row.clock_doubt_to,
  };
}

function isNew({ memory, installation }: MeterWithPast): boolean {
  return memory === null || memory.installation < installation;
}

/** What a device kept before it came here is not ours, and would lie on no line of indexes. */
function firstMemory({ meterId, installation, createdAt, swappedAt }: MeterWithPast): MeterMemoryTable {
  const since: Instant | number = Math.max(createdAt, swappedAt);
  return {
    meter_id: meterId,
    installation,
    since_at: since,
    frozen_to: since,
    recorded_to: since,
    next_at: 0,
    tries: 0,
    trouble: null,
    clock_offset_ms: CLOCK_UNREAD.offsetMs,
    clock_read_at: CLOCK_UNREAD.readAt,
    clock_good_at: CLOCK_UNREAD.goodAt,
    clock_doubt_from: CLOCK_UNREAD.doubtFrom,
    clock_doubt_to: CLOCK_UNREAD.doubtTo,
    clock_asked_at: 0,
    version: 0,
  };
}
