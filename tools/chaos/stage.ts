import type { FlowContext } from "#flows/context.ts";
import { townPlan } from "#simulator/plan.ts";
import { createTown, type Town } from "#simulator/town.ts";
import type { Db } from "#store/db.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import { enrollTown } from "../../src/cli/demo.ts";
import { freePort } from "../../test/free-port.ts";

type Weather = NonNullable<NonNullable<Parameters<typeof createTown>[0]["faults"]>["everywhere"]>;

/** Where real programs are put to the test: a town with its archive in the database, and the environment of server and collector. */
export type Stage = {
  ctx: FlowContext;
  town: Town;
  env: Readonly<Record<string, string>>;
  httpPort: number;
  linkPort: number;
};

/**
 * A small town whose meters answer at once, over lines as bad as `weather` says. `url`: the address that the programs get; `speed`: how much
 * faster than ours its time passes.
 */
export async function stage(at: {
  db: Db & { readonly url: string };
  dataDir: string;
  seed: number;
  weather: Weather;
  speed?: number;
}): Promise<Stage> {
  const masterKey = "c4".repeat(32);
  const ctx: FlowContext = { db: at.db, clock: systemClock, newId, log: silentLog };
  const plan = townPlan({ seed: at.seed, concentrators: 2, metersPer: 20 });
  await enrollTown(ctx, createSealer(masterKey), { plan, stateFile: null });
  const town = createTown({
    plan,
    speed: at.speed ?? 60,
    bus: { baud: "instant", replyDelayMs: 1 },
    faults: { everywhere: at.weather },
    seed: at.seed,
  });
  const [httpPort, linkPort] = [await freePort(), await freePort()];
  const env = {
    JICHAO_DB: at.db.url,
    JICHAO_DATA: at.dataDir,
    JICHAO_MASTER_KEY: masterKey,
    JICHAO_ADMIN_PASSWORD: "chaos-chaos",
    JICHAO_HTTP_PORT: String(httpPort),
    JICHAO_LINK_PORT: String(linkPort),
    JICHAO_LINK_HOST: "127.0.0.1",
    JICHAO_COLLECTOR_HTTP_PORT: "0",
    JICHAO_COLLECTOR_ID: "chaos",
    JICHAO_READ_INTERVAL_SECONDS: "5",
    JICHAO_EXCHANGE_TIMEOUT_MS: "100",
    JICHAO_LINK_TIMEOUT_MS: "300",
    JICHAO_HEARTBEAT_SECONDS: "2",
    JICHAO_LOG: "info",
  };
  return { ctx, town, env, httpPort, linkPort };
}
