import { openControl } from "./control.ts";
import type { FaultSettings } from "./faults.ts";
import type { SimulatorLog } from "./log.ts";
import { mixedTownPlan } from "./mixed-town.ts";
import { type TownSize, townPlan } from "./plan.ts";
import { withSpares } from "./spares.ts";
import { createTown } from "./town.ts";

/** Reply delay Td of the simulated meters: within the 20–500 ms of DL/T 645-2007 §5.3.2. */
const REPLY_DELAY_MS = 30;

/** Meters on the shelf of the demo town, to exchange old ones for. */
const SPARES = 4;

/** What the simulator program needs to know. */
export type SimulatorConfig = TownSize & {
  /** Where the collector listens for concentrators. */
  host: string;
  linkPort: number;
  /** Of the control panel on the loopback address; 0 takes a free one. */
  controlPort: number;
  /** Where the meters remember; undefined for a town that forgets. */
  stateFile?: string | undefined;
  speed: number;
  baud: number | "instant";
  faults?: FaultSettings | undefined;
  /** Also concentrators of other makes, and meters behind a gateway: the demo town. */
  mixed?: boolean | undefined;
};

/** Runs a town until it is closed or the signal aborts. Returns when the town dials and the control panel is open. */
export async function runSimulator(
  config: SimulatorConfig,
  log: SimulatorLog,
  signal: AbortSignal,
): Promise<{ controlPort: number; close(): Promise<void> }> {
  const { seed, speed, stateFile, baud, faults, concentrators, metersPer, waterPer, mixed = false } = config;
  const size = { seed, concentrators, metersPer, waterPer };
  const plan = mixed ? withSpares(mixedTownPlan(size), SPARES) : townPlan(size);
  const town = createTown({ plan, speed, stateFile, bus: { baud, replyDelayMs: REPLY_DELAY_MS }, faults, log });
  const control = await openControl(town, config.controlPort, log);
  let closing: Promise<void> | null = null;

  function close(): Promise<void> {
    closing ??= Promise.all([control.close(), town.close()]).then(() => {
      log.info({ seed }, "simulator stopped");
    });
    return closing;
  }

  if (signal.aborted) await close();
  else signal.addEventListener("abort", () => void close(), { once: true });
  if (!closing) town.dial({ host: config.host, port: config.linkPort });
  log.info({ seed, meters: plan.meters.length, controlPort: control.port, speed }, "simulator started");
  return { controlPort: control.port, close };
}
