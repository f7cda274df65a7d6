import type { SealHead } from "#flows/verify-seals.ts";

/** The seal named in `verify [--head <number>:<hash>]`; null when there is none, `wrong` when it is said in another way. */
export function headArgument(args: readonly string[]): SealHead | null | "wrong" {
  if (args[0] !== "verify") return "wrong";
  if (args.length === 1) return null;
  const found = args[1] === "--head" && args.length === 3 ? /^(\d+):([0-9a-f]{64})$/.exec(args[2] ?? "") : null;
  return found ? { seq: Number(found[1]), hash: found[2] ?? "" } : "wrong";
}
