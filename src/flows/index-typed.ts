import { AppError } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { instant } from "#base/time.ts";
import { formatUnits, wh } from "#base/units.ts";
import { runsOn } from "#domain/meter-day.ts";
import { judgeReading } from "#domain/reading.ts";
import { REGISTER_SPAN_WH } from "#domain/settlement.ts";

/** An index as somebody read it off the meter: units with at most three places, below where registers begin again. */
export function indexTyped(text: string): number {
  const match = /^(\d{1,9})(?:\.(\d{1,3}))?$/.exec(text.trim());
  const found = match ? Number(match[1]) * 1_000 + Number((match[2] ?? "").padEnd(3, "0")) : Number.NaN;
  if (!(found < REGISTER_SPAN_WH)) throw new AppError("reading_value_invalid", { max: REGISTER_SPAN_WH / 1_000 });
  return found;
}

/** Refuses a last index that the old line cannot have come to since it was read last. */
export function demandOnLine(
  state: { index_wh: number | null; index_at: number },
  typed: { indexWh: number; at: Instant },
  powerMaxW: number,
): void {
  if (state.index_wh === null) return;
  const said = { value: formatUnits(wh(typed.indexWh)), last: formatUnits(wh(state.index_wh)) };
  if (!runsOn(state.index_wh, typed.indexWh)) throw new AppError("exchange_index_backwards", said);
  const previous = { indexWh: state.index_wh, at: instant(state.index_at) };
  const verdict = judgeReading({ previous, suspect: null, next: typed }, powerMaxW);
  if (verdict === "jump") throw new AppError("exchange_index_jump", said);
}
