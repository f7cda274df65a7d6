import type { Permission } from "./permission.ts";

/** What not everybody sees as it is (字段权限): telephones of people; prices, and costs and worths that tell them. */
export const fieldMasks = ["phone", "price"] as const;
export type FieldMask = (typeof fieldMasks)[number];

/** Which permission takes a mask off. */
export const unmaskedBy: Readonly<Record<FieldMask, Permission>> = { phone: "contact.full", price: "price.see" };

/** What stays hidden from somebody with these permissions. */
export function hiddenFrom(may: ReadonlySet<Permission>): ReadonlySet<FieldMask> {
  return new Set(fieldMasks.filter((each) => !may.has(unmaskedBy[each])));
}

/** Shorter numbers keep only their end. */
const WHOLE_NUMBER_CHARS = 9;
/** By so many last digits people name a telephone. */
export const PHONE_TAIL_CHARS = 4;

/** A telephone by which its owner recognises it and nobody can call him: `138****0001`; short ones `***01`. */
export function maskPhone(phone: string): string {
  if (phone === "") return "";
  if (phone.length < WHOLE_NUMBER_CHARS) return `***${phone.slice(-2)}`;
  return `${phone.slice(0, 3)}****${phone.slice(-PHONE_TAIL_CHARS)}`;
}
