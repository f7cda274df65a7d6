import { SECOND_MS } from "#base/time.ts";
import type { SealingContext } from "#flows/edit-concentrator.ts";
import { runImports } from "#flows/run-import.ts";
import type { Job } from "./loop.ts";

/** Checks uploaded archives and carries out accepted ones. Several servers may do it: a lease says who is at which. */
export function importsJob(ctx: SealingContext): Job {
  return { name: "imports", everyMs: SECOND_MS, run: () => runImports(ctx) };
}
