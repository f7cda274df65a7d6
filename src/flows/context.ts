import type { Clock } from "#base/time.ts";
import type { Db } from "#store/db.ts";
import type { NewId } from "#system/ids.ts";
import type { Log } from "#system/log.ts";

/** What every flow is given: the database, the time, a maker of ids and a logger. */
export type FlowContext = { readonly db: Db; readonly clock: Clock; readonly newId: NewId; readonly log: Log };
