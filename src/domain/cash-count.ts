import { AppError } from "#base/errors.ts";
import { type Money, money, PER_FEN } from "#base/units.ts";

/** Notes and coins in fen, largest first: 100, 50, 20, 10, 5, 2 and 1 yuan, 5 and 1 jiao. */
export const denominationsFen = [10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 10] as const;

/** How many of each: `{"10000": 3, "50": 1}`. */
export type Denominations = Readonly<Record<string, number>>;

/** More of one kind than any drawer holds is a typing error. */
export const PIECES_MAX = 100_000;

/** What the notes and coins are worth. Refuses a kind that does not exist and a number that cannot be counted. */
export function worth(counted: Denominations): Money {
  let fen = 0;
  for (const [kind, pieces] of Object.entries(counted)) {
    const known = denominationsFen.find((each) => String(each) === kind);
    if (known === undefined || !Number.isSafeInteger(pieces) || pieces < 0 || pieces > PIECES_MAX) {
      throw new AppError("invalid_input", { what: `「张数」${kind}`, field: "denominations" });
    }
    fen += known * pieces;
  }
  return money(fen * PER_FEN);
}
