import type { FlowContext } from "#flows/context.ts";
import type { CollectorConfig } from "../config.ts";

/** What the door shows of the collector behind it; `state` is asked anew for each answer. */
export type DoorDeps = {
  ctx: FlowContext;
  config: CollectorConfig;
  state: () => { sessions: number; commands: number; readingsWaiting: number };
};
