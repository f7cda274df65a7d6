import type { Tile } from "#contract/metering.ts";

/** What a meter measures; decides the unit in which a recharge is spoken of. */
export type MeterKind = Tile["kind"];
