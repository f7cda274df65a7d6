import { z } from "zod";
import type { Instant } from "#base/time.ts";
import type { NoCutWindow } from "#domain/arrears.ts";
import type { Tx } from "./db.ts";
import { upsert } from "./portable.ts";

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);
const windows = z.array(z.object({ from: clockTime, to: clockTime }));

/**
 * Local times in which nobody is cut off for arrears: the setting `arrears.no_cut_windows`, `[{"from":"17:00","to":"08:30"}]`.
 * None when it was never set; a value that cannot be understood counts as "always", because doubt never cuts anybody off.
 */
export async function noCutWindows(tx: Tx): Promise<NoCutWindow[]> {
  const text = await setting(tx, "arrears.no_cut_windows");
  if (text === null) return [];
  const read = windows.safeParse(parsed(text));
  if (!read.success) return [{ fromMinute: 0, toMinute: 24 * 60 }];
  return read.data.map(({ from, to }) => ({ fromMinute: minutes(from), toMinute: minutes(to) }));
}

/** The text of a setting; null when it was never set. */
export async function setting(tx: Tx, key: string): Promise<string | null> {
  const row = await tx.selectFrom("setting").select("value").where("key", "=", key).executeTakeFirst();
  return row?.value ?? null;
}

/** Sets a setting, whatever it was. */
export async function saveSetting(
  tx: Tx,
  input: { key: string; value: string; by: string; at: Instant },
): Promise<void> {
  const row = { key: input.key, value: input.value, updated_by: input.by, updated_at: input.at };
  await upsert(tx, "setting", [row], ["key"], ["value", "updated_by", "updated_at"]);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function minutes(time: string): number {
  const [hours = 0, rest = 0] = time.split(":").map(Number);
  return hours * 60 + rest;
}
