/** What a master meter (总表) measures everything of that goes into it. */
export const masterPlaces = ["box", "area"] as const;
export type MasterPlace = (typeof masterPlaces)[number];

/** What losses need of a meter: where it hangs, and what it is the master meter of. */
export type LossMeter = {
  readonly id: number;
  readonly areaId: number;
  readonly boxId: number | null;
  readonly masterOf: MasterPlace | null;
};

/** A box or area that has a master meter. */
export type LossPoint = {
  readonly type: MasterPlace;
  readonly id: number;
  /** More than one where it is fed from several sides: they count together. */
  readonly masters: readonly number[];
  /** What comes right below: meters that hang under no nearer master meter, and the master meters of places inside. */
  readonly subs: readonly number[];
};

/** How places lie in each other. `above`: an area with all above it, itself first. */
export type Places = { areaOfBox(boxId: number): number | null; above(areaId: number): readonly number[] };

/**
 * Every place with a master meter, with what hangs right below it. Each meter counts below the nearest master meter only: its box's, its area's,
 * that of the area above … So the losses of all places add up, and each tells of its own stretch of line. Give it meters of one kind.
 */
export function lossPoints(meters: readonly LossMeter[], places: Places): LossPoint[] {
  const points = new Map<string, { type: MasterPlace; id: number; masters: number[]; subs: number[] }>();
  for (const meter of meters) {
    const place = placeOf(meter);
    if (place === null) continue;
    const key = `${place.type}:${place.id}`;
    const known = points.get(key) ?? { ...place, masters: [], subs: [] };
    known.masters.push(meter.id);
    points.set(key, known);
  }
  if (points.size === 0) return [];
  for (const meter of meters) {
    const above = placesAbove(meter, places).find((key) => points.has(key));
    if (above !== undefined) points.get(above)?.subs.push(meter.id);
  }
  return [...points.values()];
}

function placeOf(meter: LossMeter): { type: MasterPlace; id: number } | null {
  if (!isMasterMeter(meter)) return null;
  return meter.boxId !== null && meter.masterOf === "box"
    ? { type: "box", id: meter.boxId }
    : { type: "area", id: meter.areaId };
}

/** Whether a meter measures a place. A master meter of a box that was taken out of it measures nothing any more: it is like any other. */
export function isMasterMeter({ masterOf, boxId }: Pick<LossMeter, "masterOf" | "boxId">): boolean {
  return masterOf === "area" || (masterOf === "box" && boxId !== null);
}

/** Places that a meter may hang below, the nearest first. A master meter hangs below what lies above its own place. */
function placesAbove(meter: LossMeter, { areaOfBox, above }: Places): string[] {
  const place = placeOf(meter);
  const areas = (areaId: number) => above(areaId).map((id) => `area:${id}`);
  if (place?.type === "area") return areas(place.id).slice(1);
  if (place?.type === "box") return areas(areaOfBox(place.id) ?? meter.areaId);
  return [...(meter.boxId === null ? [] : [`box:${meter.boxId}`]), ...areas(meter.areaId)];
}

/** One day of a place: what its master meters and what hangs below have counted, and how many of all of them are known. */
export type LossDay = { masterWh: number; subsWh: number; expected: number; known: number };

/** A loss (线损): master − Σ sub over the days on which everything is known. Null: there is no such day, or nothing came in. */
export type Loss = {
  readonly days: number;
  readonly daysIncomplete: number;
  readonly masterWh: number | null;
  readonly subsWh: number | null;
  /** Negative: the sub meters have counted more than the master meter. */
  readonly lossWh: number | null;
  /** In 1/100 per cent of what came in, rounded half away from zero. */
  readonly lossBp: number | null;
};

/** Whether a day counts: its master meter was there, and every meter has a value. */
export function isComplete({ expected, known }: LossDay): boolean {
  return expected > 0 && known === expected;
}

/** Adds up the days on which master and all sub meters have a value; the others are counted, and nothing is guessed for them. */
export function lossOf(days: readonly LossDay[]): Loss {
  const there = days.filter((day) => day.expected > 0);
  const complete = there.filter(isComplete);
  const counted = { days: complete.length, daysIncomplete: there.length - complete.length };
  if (complete.length === 0) return { ...counted, masterWh: null, subsWh: null, lossWh: null, lossBp: null };
  const masterWh = complete.reduce((sum, day) => sum + day.masterWh, 0);
  const subsWh = complete.reduce((sum, day) => sum + day.subsWh, 0);
  const lossWh = masterWh - subsWh;
  return { ...counted, masterWh, subsWh, lossWh, lossBp: masterWh === 0 ? null : partBp(lossWh, masterWh) };
}

/** A part of a whole in 1/100 per cent, rounded half away from zero. The whole is positive. */
export function partBp(part: number, whole: number): number {
  const twice = BigInt(Math.abs(part)) * 20_000n + BigInt(whole);
  const bp = Number(twice / (2n * BigInt(whole)));
  return part < 0 && bp !== 0 ? -bp : bp;
}

/** Worst first: by per cent or by Wh; what is not known comes last. The id decides among equals, so that pages never overlap. */
export function worstFirst<R extends Pick<Loss, "lossWh" | "lossBp"> & { type: MasterPlace; id: number }>(
  rows: readonly R[],
  by: "percent" | "wh",
): R[] {
  const worth = (row: R) => (by === "percent" ? row.lossBp : row.lossWh) ?? Number.NEGATIVE_INFINITY;
  return rows.toSorted(
    (a, b) => Number(worth(b) > worth(a)) - Number(worth(b) < worth(a)) || a.type.localeCompare(b.type) || a.id - b.id,
  );
}
