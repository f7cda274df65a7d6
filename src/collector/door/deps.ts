import type { FlowContext } from "#flows/context.ts";
import type { Sealer } from "#system/seal.ts";
import type { CollectorConfig } from "../config.ts";
import type { CollectorMetrics } from "../metrics.ts";

/** What the door shows of the collector behind it; `state` is asked anew for each answer. */
export type DoorDeps = {
  ctx: FlowContext;
  config: CollectorConfig;
  /** Seals the link keys of concentrators that are entered here. */
  sealer: Sealer;
  /** There is a new command. */
  nudge: () => void;
  metrics: Pick<CollectorMetrics, "text" | "contentType">;
  state: () => { sessions: number; commands: number; readingsWaiting: number };
};
