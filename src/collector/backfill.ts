import { SECOND_MS } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { type PastVisit, recordPast } from "#flows/record-past.ts";
import { createBell } from "./bell.ts";
import type { Bus } from "./bus.ts";
import type { CollectorMetrics } from "./metrics.ts";
import { visitMeter } from "./past-visit.ts";
import { type PastTask, pastTasks } from "./past-work.ts";

/** How often it is looked whether something is missing. */
const LOOK_MS = 30 * SECOND_MS;
/** Meters of a bus that are visited before it is looked again: what became missing meanwhile is newer. */
const VISITS_A_LOOK = 32;
/** What so many visits have told is recorded in one transaction. */
const VISITS_A_BATCH = 8;

/**
 * Fills the gaps in the past of the meters behind one concentrator (补抄) from what they keep themselves, below everything else on the bus,
 * for as long as the signal allows. It remembers nothing: what is missing follows from the rows, so it goes on after any end.
 */
export async function fillGaps(options: {
  ctx: FlowContext;
  concentratorId: number;
  bus(number: number): Bus;
  signal: AbortSignal;
  /** Hears what each visit told. */
  count: CollectorMetrics["past"];
}): Promise<void> {
  const { ctx, concentratorId, signal } = options;
  const rest = createBell();
  while (!signal.aborted) {
    const visited = await look();
    if (!visited) await rest.wait(LOOK_MS, signal);
  }

  /** Whether something was fetched, so that there may be more. */
  async function look(): Promise<boolean> {
    try {
      const tasks = await pastTasks(ctx, concentratorId);
      const buses = Map.groupBy(tasks, (task) => task.meter.bus);
      const made = await Promise.all([...buses].map(([number, own]) => visitAll(options.bus(number), own)));
      return made.some((count) => count > 0);
    } catch (error) {
      ctx.log.warn({ concentratorId, error: String(error) }, "the past of meters could not be fetched or recorded");
      return false;
    }
  }

  async function visitAll(bus: Bus, tasks: readonly PastTask[]): Promise<number> {
    const visits: PastVisit[] = [];
    let recorded = 0;
    const record = async () => {
      const batch = visits.splice(0);
      await recordPast(ctx, batch);
      for (const { trouble, frozen, records } of batch) {
        options.count({ trouble, freezes: frozen.length, records: records.length });
      }
      recorded += batch.length;
    };
    for (const task of tasks.slice(0, VISITS_A_LOOK)) {
      const visit = signal.aborted ? null : await visitMeter(bus, task);
      if (visit === null) break;
      visits.push(visit);
      if (visits.length >= VISITS_A_BATCH) await record();
    }
    if (visits.length > 0) await record();
    return recorded;
  }
}
