import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { collectorConfig } from "#collector/config.ts";
import { runCollector } from "#collector/main.ts";
import { serverConfig } from "#server/config.ts";
import { runServer } from "#server/main.ts";
import { simulatorConfig } from "#simulator/config.ts";
import { mixedTownPlan } from "#simulator/mixed-town.ts";
import type { Environment } from "#system/environment.ts";
import type { Log } from "#system/log.ts";
import { programFolder, releaseIn } from "#system/release.ts";
import { aborted } from "./aborted.ts";
import { enrollTown, hasSite } from "./demo.ts";
import { captureFolder, endingWhenNewer, exportFolder, standUp, townToTry, webDir } from "./programs.ts";

/** How long the simulator may take to put its meters' memory on disk. */
const SIMULATOR_END_MS = 5_000;

/**
 * `jichao start`: collector and server in one process with one writer to the database, and, unless JICHAO_SIMULATOR=off, the
 * simulated town in a process of its own. An empty database takes the demo town into use.
 */
export async function startProgram(env: Environment, asked: AbortSignal): Promise<void> {
  const server = serverConfig(env);
  const collector = collectorConfig({ JICHAO_LINK_HOST: "127.0.0.1", ...env });
  const withTown = env.JICHAO_SIMULATOR !== "off";
  const town = simulatorConfig(env);
  const footing = await standUp("jichao", env);
  const { signal, ended } = endingWhenNewer(footing, asked);
  if (withTown && !(await hasSite(footing))) {
    const plan = mixedTownPlan({ seed: town.seed });
    await enrollTown(footing, footing.sealer, { plan, stateFile: town.stateFile ?? null });
    footing.log.info({ seed: town.seed }, "demo town taken into use");
  }
  const runningCollector = await runCollector(collector, { ...footing, captureFolder: captureFolder(env) }, signal);
  const print = (text: string) => console.log(text);
  const own = { webDir, exportFolder: exportFolder(env), tryTown: townToTry(env, footing), print };
  const runningServer = await runServer(server, { ...footing, ...own }, signal);
  const simulator = withTown ? startSimulator(env, runningCollector.linkPort, footing.log) : null;
  console.log(
    `集抄已启动:请在浏览器打开 http://${server.httpHost}:${runningServer.httpPort}\n` +
      `Jichao is running: open http://${server.httpHost}:${runningServer.httpPort} in a browser`,
  );
  void buildConsole(footing.log);
  await aborted(signal);
  await simulator?.end();
  await Promise.all([runningServer.close(), runningCollector.close()]);
  await footing.end();
  ended();
}

/** Builds the console's files when the sources are newer; the server shows a waiting page until then. A release brings them. */
async function buildConsole(log: Log): Promise<void> {
  if (releaseIn(programFolder) !== null) return;
  try {
    const { buildWeb } = await import("../../tools/build-web.ts");
    const built = await buildWeb({ quiet: true });
    if (built.built) log.info({ tookMs: built.tookMs }, "console built");
  } catch (error) {
    log.error({ error: String(error) }, "console could not be built");
  }
}

function startSimulator(env: Environment, linkPort: number, log: Log): { end(): Promise<void> } {
  const program = fileURLToPath(new URL("./jichao.ts", import.meta.url));
  const child = spawn(process.execPath, [program, "simulator"], {
    env: { ...env, JICHAO_LINK_PORT: String(linkPort) },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let isEnding = false;
  child.once("exit", (code) => {
    if (!isEnding) log.error({ code }, "simulator ended by itself; the meters of the demo town are offline");
  });
  return {
    async end() {
      isEnding = true;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), SIMULATOR_END_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
