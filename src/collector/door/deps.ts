import type { FlowContext } from "#flows/context.ts";
import type { CollectorConfig } from "../config.ts";
import type { CollectorMetrics } from "../metrics.ts";

/** What the door shows of the collector behind it; `state` is asked anew for each answer. */
export type DoorDeps = {
  ctx: FlowContext;
  config: CollectorConfig;
  metrics: Pick<CollectorMetrics, "text" | "contentType">;
  state: () => { sessions: number; commands: number; readingsWaiting: number };
};
