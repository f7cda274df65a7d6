import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AppError } from "#base/errors.ts";
import { collectorConfig } from "#collector/config.ts";
import { runCollector } from "#collector/main.ts";
import type { FlowContext } from "#flows/context.ts";
import { builtInSecurity } from "#flows/root-keys.ts";
import { serverConfig } from "#server/config.ts";
import { runServer, type ServerDeps } from "#server/main.ts";
import { simulatorConfig } from "#simulator/config.ts";
import { runSimulator } from "#simulator/main.ts";
import { mixedTownPlan } from "#simulator/mixed-town.ts";
import { type Db, embeddedDatabase, newerThanThis, openDatabase } from "#store/db.ts";
import { NEWER_LOOK_MS } from "#store/migrate.ts";
import { pause, systemClock } from "#system/clock.ts";
import { type Environment, type Installation, installationConfig } from "#system/environment.ts";
import { externalModule } from "#system/external-module.ts";
import { armFaults } from "#system/fault-point.ts";
import { newId } from "#system/ids.ts";
import { createLog, type Log } from "#system/log.ts";
import { createSealer, loadMasterKey, loadOldMasterKey, type Sealer } from "#system/seal.ts";
import type { SecurityModule } from "#system/security-module.ts";
import { aborted } from "./aborted.ts";
import { tryTown } from "./demo.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where the built console lies. */
export const webDir = join(root, "dist", "web");

/** What a program of Jichao stands on. `end` closes the database after everything else. */
export type Footing = FlowContext & { sealer: Sealer; security: SecurityModule; end(): Promise<void> };

/** Opens the database, brings its tables up to date and loads the master key. `quietest`: the log level when none is set. */
export async function standUp(program: string, env: Environment, quietest: "info" | "warn" = "info"): Promise<Footing> {
  const config = installationConfig(env);
  const { dataDir, databaseUrl = embeddedDatabase(dataDir), masterKey, oldMasterKey, logLevel, faults } = config;
  const log = createLog({ program, level: logLevel ?? quietest });
  armFaults(faults, (name) => log.warn({ fault: name }, "killed at a fault point"));
  mkdirSync(dataDir, { recursive: true });
  const old = loadOldMasterKey(oldMasterKey, dataDir);
  const sealer = createSealer(loadMasterKey(masterKey, dataDir), ...(old === null ? [] : [old]));
  const db = await openDatabase(databaseUrl, { log });
  const applied = await db.migrate();
  if (applied.length > 0) log.info({ migrations: applied }, "database brought up to date");
  const security = securityModule(config, { db, sealer, log });
  const end = async () => {
    security.close();
    await db.close();
  };
  return { db, clock: systemClock, newId, log, sealer, security, end };
}

/**
 * The signal by which a program ends: the given one, or, within seconds, a database that a newer program is upgrading to what this one would misread. After
 * that `ended` throws, so that nobody takes it for an end that was asked for.
 */
export function endingWhenNewer(footing: Footing, asked: AbortSignal): { signal: AbortSignal; ended(): void } {
  const own = new AbortController();
  const signal = AbortSignal.any([asked, own.signal]);
  let newer: AppError | null = null;
  void (async () => {
    for (; !signal.aborted; await pause(NEWER_LOOK_MS, signal)) {
      newer = await newerThanThis(footing.db).catch(() => null); // away: the next look tells
      if (newer === null) continue;
      footing.log.error({ ...newer.details }, "ended: the database became newer than this program");
      own.abort();
    }
  })();
  const ended = () => {
    if (newer !== null) throw newer;
  };
  return { signal, ended };
}

/** The security module that the environment names: the one inside the program, or another process that holds the root keys. */
function securityModule(config: Installation, on: { db: Db; sealer: Sealer; log: Log }): SecurityModule {
  const { hsm: address, hsmToken: token } = config;
  if (address === null) return builtInSecurity(on, on.sealer);
  if (token === undefined) throw new Error("JICHAO_HSM 需要 JICHAO_HSM_TOKEN (needs JICHAO_HSM_TOKEN)");
  return externalModule({ address, token, log: on.log });
}

/** Where the collectors of an installation keep raw frames, each in a folder of its own. */
export function captureFolder(env: Environment): string {
  return join(installationConfig(env).dataDir, "capture");
}

/** Where the servers of an installation keep the files of exports until they are taken away. */
export function exportFolder(env: Environment): string {
  return join(installationConfig(env).dataDir, "exports");
}

/** Enrols, when an administrator asks for it on the page, the very town that `jichao simulator` would play here. */
export function townToTry(env: Environment, footing: Footing): NonNullable<ServerDeps["tryTown"]> {
  return (asked) => {
    const { seed, stateFile = null } = simulatorConfig(env);
    return tryTown(footing, footing.sealer, { ...asked, plan: mixedTownPlan({ seed }), stateFile });
  };
}

/** `jichao server`: the web management alone. */
export async function serverProgram(env: Environment, asked: AbortSignal): Promise<void> {
  const config = serverConfig(env);
  const footing = await standUp("server", env);
  const { signal, ended } = endingWhenNewer(footing, asked);
  const print = (text: string) => console.log(text);
  const own = { webDir, exportFolder: exportFolder(env), tryTown: townToTry(env, footing), print };
  const server = await runServer(config, { ...footing, ...own }, signal);
  await aborted(signal);
  await server.close();
  await footing.end();
  ended();
}

/** `jichao collector`: the front-end processor alone. */
export async function collectorProgram(env: Environment, asked: AbortSignal): Promise<void> {
  const config = collectorConfig(env);
  const footing = await standUp("collector", env);
  const { signal, ended } = endingWhenNewer(footing, asked);
  const collector = await runCollector(config, { ...footing, captureFolder: captureFolder(env) }, signal);
  await aborted(signal);
  await collector.close();
  await footing.end();
  ended();
}

/** `jichao simulator`: the simulated town. Ends with its parent when it was started by one. */
export async function simulatorProgram(env: Environment, signal: AbortSignal): Promise<void> {
  const log = createLog({ program: "simulator", level: installationConfig(env).logLevel ?? "info" });
  const simulator = await runSimulator(simulatorConfig(env), log, signal);
  await aborted(signal);
  await simulator.close();
}
