import { assert } from "./errors.ts";

declare const unit: unique symbol;
type Quantity<U extends string> = number & { readonly [unit]: U };

/** An amount of energy in watt-hours; 1000 are one unit (kWh). */
export type Wh = Quantity<"Wh">;
/** What an electricity register shows, in watt-hours. Two indexes subtract to a {@link Wh}; they never add. */
export type WhIndex = Quantity<"Wh index">;
/** An amount of water in litres; 1000 are one unit (m³). */
export type Litre = Quantity<"litre">;
/** What a water register shows, in litres. */
export type LitreIndex = Quantity<"litre index">;
/** Money in 1/10000 yuan. */
export type Money = Quantity<"1/10000 yuan">;
/** A price in 1/10000 yuan per unit (kWh or m³). */
export type Price = Quantity<"1/10000 yuan per unit">;
/** Whatever a meter sells: watt-hours or litres, 1000 to the unit. */
export type Sellable = Wh | Litre;

/** Wh or litres in one unit (kWh, m³). */
export const PER_UNIT = 1000;
/** 1/10000 yuan in one yuan. */
export const PER_YUAN = 10_000;
/** 1/10000 yuan in one fen. */
export const PER_FEN = 100;

function integer<U extends string>(value: number, what: U): Quantity<U> {
  assert(Number.isSafeInteger(value), `${what} must be a safe integer: ${value}`);
  return (value === 0 ? 0 : value) as Quantity<U>;
}

/** Watt-hours; `wh.index` for a register. */
export const wh = Object.assign((value: number): Wh => integer(value, "Wh"), {
  index: (value: number): WhIndex => integer(value, "Wh index"),
});
/** Litres; `litre.index` for a register. */
export const litre = Object.assign((value: number): Litre => integer(value, "litre"), {
  index: (value: number): LitreIndex => integer(value, "litre index"),
});
/** Money from 1/10000 yuan. */
export const money = (value: number): Money => integer(value, "1/10000 yuan");
/** A price from 1/10000 yuan per unit; above zero. */
export const price = (value: number): Price => {
  assert(value > 0, `a price is positive: ${value}`);
  return integer(value, "1/10000 yuan per unit");
};

export const NO_MONEY: Money = money(0);

type Amount = Wh | Litre | Money;

/** a + b, of one kind. */
export function add<A extends Amount>(a: A, b: A): A {
  return integer((a as number) + (b as number), "1/10000 yuan") as unknown as A;
}

/** a − b, of one kind. */
export function subtract<A extends Amount>(a: A, b: A): A {
  return integer((a as number) - (b as number), "1/10000 yuan") as unknown as A;
}

/** −a. */
export function negate<A extends Amount>(a: A): A {
  return integer(-(a as number), "1/10000 yuan") as unknown as A;
}

/** The sum of a list, of one kind; 0 for an empty one. */
export function sum<A extends Amount>(list: readonly A[]): A {
  return list.reduce<A>((total, each) => add(total, each), 0 as A);
}

/** What was used between two indexes of one register, before CT×PT. Negative when the register went back. */
export function usage(from: WhIndex, to: WhIndex): Wh;
export function usage(from: LitreIndex, to: LitreIndex): Litre;
export function usage(from: WhIndex | LitreIndex, to: WhIndex | LitreIndex): Sellable {
  return integer(to - from, "Wh") as unknown as Sellable;
}

/** What an amount costs at a flat price, rounded half up to 1/10000 yuan. The only place where a cost is rounded. */
export function cost(amount: Sellable, at: Price): Money {
  return money(Number(roundedQuotient(BigInt(amount) * BigInt(at), BigInt(PER_UNIT))));
}

/** How many whole units (kWh, m³) the money buys at the price: never more than was paid. */
export function wholeUnits(available: Money, at: Price): number {
  return available <= 0 ? 0 : Math.floor(available / at);
}

/** value × numerator ÷ denominator, rounded half up, exact for every safe integer. */
export function proportion(value: Money, numerator: number, denominator: number): Money {
  assert(denominator > 0, "denominator must be positive");
  return money(Number(roundedQuotient(BigInt(value) * BigInt(numerator), BigInt(denominator))));
}

/** Half up, away from zero: 0.5 → 1, −0.5 → −1. */
function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const half = divisor / 2n;
  return dividend >= 0n ? (dividend + half) / divisor : -((-dividend + half) / divisor);
}

/**
 * Reads an amount of yuan as a person or a program writes it (`"100"`, `"0.75"`), at most `decimals` places.
 * Null for anything else: signs, exponents, blanks, thousands separators, too many places, too large.
 */
export function parseMoney(text: string, decimals: 2 | 4 = 2): Money | null {
  const match = /^(\d{1,11})(?:\.(\d{1,4}))?$/.exec(text);
  if (!match) return null;
  const fraction = match[2] ?? "";
  if (fraction.length > decimals) return null;
  return money(Number(match[1]) * PER_YUAN + Number(fraction.padEnd(4, "0")));
}

/** Yuan as a decimal string with at least two and at most four places: `"12.30"`, `"-0.0051"`. The wire form of money. */
export function formatMoney(value: Money | Price): string {
  const digits = String(Math.abs(value)).padStart(5, "0");
  const fraction = digits.slice(-4).replace(/0{1,2}$/, "");
  return `${value < 0 ? "-" : ""}${digits.slice(0, -4)}.${fraction}`;
}

/** Units (kWh, m³) as a decimal string with two places, rounded half up: `"133.00"`. For display. */
export function formatUnits(value: Sellable | WhIndex | LitreIndex): string {
  const hundredths = Number(roundedQuotient(BigInt(value), 10n));
  const digits = String(Math.abs(hundredths)).padStart(3, "0");
  return `${hundredths < 0 ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
