import { MINUTE_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { keepMembersRunning } from "#flows/keep-running.ts";
import type { Job } from "./loop.ts";

/** Fills up meters of merged accounts that count credit themselves, before they would trip by themselves. */
export function groupsJob(ctx: FlowContext): Job {
  return {
    name: "groups",
    everyMs: MINUTE_MS,
    async run() {
      await keepMembersRunning(ctx);
      return false;
    },
  };
}
