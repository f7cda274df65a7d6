import { searchMeters } from "#web/shared/api.ts";

const HITS_MAX = 5;

/** No meter in one's area has this number. */
export class UnknownMeter extends Error {
  readonly number: string;
  constructor(number: string) {
    super(number);
    this.number = number;
  }
}

/** The meter with exactly this number; {@link UnknownMeter} when there is none. */
export async function meterIdOf(number: string): Promise<number> {
  const { items } = await searchMeters(number, HITS_MAX);
  const hit = items.find((each) => each.number === number);
  if (hit === undefined) throw new UnknownMeter(number);
  return hit.meterId;
}
