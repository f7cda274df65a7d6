/**
 * What a round of readings asks besides what supply and money rest upon. Index, remaining credit and the state of the switch
 * are asked in every round, whatever the settings say.
 */
export const optionalItems = ["power", "voltage", "current", "count"] as const;
export type OptionalItem = (typeof optionalItems)[number];

/** One item of an item set (抄表方案) and in which rounds it is asked: 1 in each, 3 in every third. */
export type PlannedItem = { item: OptionalItem; every: number };
/** The optional items of a set. */
export type ItemPlan = readonly PlannedItem[];

/** Power, voltage and current move fast but nobody is charged by them: every third round will do. */
export const USUAL_ITEMS: ItemPlan = optionalItems.map((item) => ({ item, every: 3 }));

/** An item that is asked more seldom is hardly worth a setting. */
export const EVERY_MAX = 96;
/** A bus of a few meters can be read this often; beyond a day there is no daily index. */
export const CYCLE_SECONDS_MIN = 1;
export const CYCLE_SECONDS_MAX = 86_400;
/** Buses of one concentrator: the port is one byte. */
export const BUS_MAX = 255;
/** What a bus can be set to; DL/T 645 and CJ/T 188 know no others. */
export const bauds = [1200, 2400, 4800, 9600, 19_200] as const;
export type Baud = (typeof bauds)[number];

/** What a channel (通道) is made of. */
export const channelKinds = ["rs485", "lora"] as const;
export type ChannelKind = (typeof channelKinds)[number];

/** The optional items of one round: `round` counts from 0, and the full picture comes with the second round, not with the first. */
export function itemsOfRound(plan: ItemPlan, round: number): OptionalItem[] {
  return plan.filter(({ every }) => round % every === 1 % every).map(({ item }) => item);
}

/** The cycle that holds for a channel: its own, else its concentrator's, else its project's. Null: what the program was started with. */
export function cycleOf(levels: {
  channel: number | null;
  concentrator: number | null;
  project: number | null;
}): number | null {
  return levels.channel ?? levels.concentrator ?? levels.project;
}

/** What is stored of an item set, as it was when it was written; an item that this version does not know is left out. */
export function parseItems(text: string): ItemPlan {
  const known = new Set<string>(optionalItems);
  return (JSON.parse(text) as PlannedItem[]).filter(({ item }) => known.has(item));
}

/** Below this (dBm) a mobile or radio link loses frames. */
export const SIGNAL_WEAK_DBM = -100;
