import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import readExcel from "read-excel-file/node";
import { openDatabase } from "#store/db.ts";
import { takeUpAgain } from "#store/left-behind.ts";
import { pause } from "#system/clock.ts";
import type { Report } from "./apart.ts";
import { booked, confirmed, type Desk, databaseNow, desk, type Taken, wrongIn } from "./books.ts";
import { adminFile, must, run, type Stage, told } from "./stage.ts";
import { LATER, OLDER, UNMARKED } from "./versions.ts";

const UPGRADE_STEPS = ["settings", "files", "backup", "stop", "migrate", "switch", "units", "start", "doctor"];
const SWITCH_STEPS = ["checksums", "stop", "switch", "units", "start", "doctor"];
const RESTORE_STEPS = [
  "checksums",
  "stop",
  "leave",
  "list",
  "database",
  "restore",
  "switch",
  "settings",
  "units",
  "start",
];
/** Besides after each step: at moments that nobody chose, in ms after the start of the command. */
const MOMENTS_MS = [150, 700, 1_500, 2_500, 4_000];
const BASE = "http://127.0.0.1:6200";

/** An older version with payments, upgraded, back by a switch, upgraded further, back by a restore; killed on the way again and again. */
export async function rehearseUpgrade(input: {
  place: string;
  packages: Readonly<Record<string, string>>;
  admin: string;
  played: Stage;
}): Promise<Report> {
  const { played, admin } = input;
  const unpacked: Record<string, string> = {};
  await played.step("three releases are unpacked", async () => {
    for (const [name, file] of Object.entries(input.packages)) {
      const folder = join(input.place, "unpacked", name);
      mkdirSync(folder, { recursive: true });
      await must(`tar xzf ${file} --strip-components=1`, folder);
      unpacked[name] = folder;
    }
  });
  const installer = (name: string) => `sh ${unpacked[name]}/install.sh --json`;
  const problems: string[] = [];
  const check = async (when: string, url: string, taken: readonly Taken[], program = "jichao") => {
    for (const wrong of await wrongIn(url, taken)) problems.push(`${when}: ${wrong}`);
    const books = told<{ ok: boolean }>(await run(`${program} ledger verify`, "/", { JICHAO_DB: url }));
    if (!books.ok) problems.push(`${when}: the ledger does not hold`);
  };
  const mustRun = async (version: string) => {
    const answer = (await (await fetch(`${BASE}/api/health`)).json()) as { version: string };
    if (answer.version !== version) problems.push(`${answer.version} runs, not ${version}`);
  };
  let kills = 0;
  /** The command until it comes through: killed at any moments, then after each step, then left alone. */
  const killed = async (command: string, steps: readonly string[], during: () => Promise<void>) => {
    for (const ms of MOMENTS_MS) {
      const child = spawn("bash", ["-c", `exec ${command}`], { cwd: "/", stdio: "ignore" });
      const ended = new Promise<boolean>((resolve) => child.once("exit", (_, signal) => resolve(signal === "SIGKILL")));
      await pause(ms);
      child.kill("SIGKILL");
      if (await ended) kills++;
      await during();
    }
    for (const step of steps) {
      const { signal, code, err } = await run(`exec ${command}`, "/", { JICHAO_FAULTS: `release:after-${step}=1` });
      if (signal === "SIGKILL") kills++;
      else if (code === 1) throw new Error(`${command}, to be killed after ${step}, ended with ${code}:\n${err}`);
      await during();
    }
    return await must(command, "/");
  };

  await played.step(`${OLDER} is installed`, () => must(`${installer("older")} --admin-file ${adminFile(admin)}`, "/"));
  await played.step("the simulated town is enrolled and played", async () => {
    await must("jichao release stop && jichao demo && jichao release start", "/");
    const env = { ...process.env, JICHAO_SIMULATOR_BAUD: "instant" };
    spawn("jichao", ["simulator"], { cwd: "/", stdio: "ignore", detached: true, env }).unref();
  });
  const password = readFileSync("/etc/jichao/first-password", "utf8").trim();
  const till: Desk = await desk(BASE, password);
  await played.step(`10 payments under ${OLDER}`, () => till.take(10));
  const first = databaseNow();
  const atMeters = await played.step("the meters have what was paid for", () => confirmed(first));

  // Whenever the desk is open between two tries, somebody pays.
  const whenOpen = async () => {
    const isOpen = await fetch(`${BASE}/api/health`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isOpen) await till.take(1);
  };
  await played.step("upgrade to this version, killed again and again", () =>
    killed(installer("now"), UPGRADE_STEPS, whenOpen),
  );
  const version = told<{ version: string }>(await run("jichao release status", "/")).version;
  await mustRun(version);
  await played.step(`5 payments under ${version}`, () => till.take(5));
  await check("after the upgrade", first, till.taken);

  const back = "jichao release rollback --json";
  const bySwitch = await played.step("back by a switch, killed again and again", async () => {
    const said = await killed(back, SWITCH_STEPS, whenOpen);
    return told<{ way: { by: string } }>(said).way.by;
  });
  await mustRun(OLDER);
  await played.step(`3 payments under ${OLDER}`, () => till.take(3));
  await check("after the way back by a switch", first, till.taken);

  await played.step(`upgrade to ${LATER}, which has a step that is not borne`, () => must(installer("later"), "/"));
  await mustRun(LATER);
  const before = [...till.taken];
  await played.step(`4 payments under ${LATER}`, () => till.take(4));
  await check(`under ${LATER}`, first, till.taken);
  const plan = await played.step("the way back is asked for, and only planned", async () => {
    const said = await run(back, "/");
    return told<{ done: boolean; money: { payments: number }; way: { because: string[] } }>(said);
  });
  if (plan.done || plan.money.payments !== 4 || plan.way.because.join() !== UNMARKED)
    problems.push(`the plan is ${JSON.stringify(plan)}`);
  await mustRun(LATER);
  const answer = `${back} --restore --by rehearsal --admin-file ${adminFile(admin)}`;
  const went = await played.step("back by a restore, killed again and again", async () =>
    told<{ list: string; to: string }>(await killed(answer, RESTORE_STEPS, async () => {})),
  );
  await mustRun(OLDER);
  const second = databaseNow();
  if (second === first) problems.push("the old database is still in use");
  await check("in the restored database", second, before);
  // The older program refuses that one, rightly; the newer one, too, until it is taken up again.
  const left = await openDatabase(first);
  await takeUpAgain(left);
  await left.close();
  await check("in the database that was left", first, till.taken, `/opt/jichao/versions/${LATER}/bin/jichao`);
  const listed = await numbersIn(went.list);
  const since = till.taken.slice(before.length);
  for (const { amount } of since) if (!listed.has(amount)) problems.push(`${amount} is not on the list`);
  await played.step("2 payments under the restored system", async () => {
    await till.again();
    const already = till.taken.length;
    await till.take(2);
    await check("after payments in the restored database", second, [...before, ...till.taken.slice(already)]);
  });
  const doctor = (await run("jichao doctor", "/")).code;
  const figures = {
    versions: { from: OLDER, to: version, further: LATER },
    payments: till.taken.length,
    atMeters,
    kills,
    bySwitch,
    listed: listed.size,
    restoredOrders: (await booked(second)).orders.size,
    doctor,
    problems,
  };
  return { ok: problems.length === 0 && doctor !== 1 && bySwitch === "switch", ...figures };
}

/** Amounts on the first sheet of the list: receipts below two lines of heads. */
async function numbersIn(file: string): Promise<Set<string>> {
  const [sheet] = (await readExcel(file)) as unknown as { data: unknown[][] }[];
  return new Set((sheet?.data ?? []).slice(2).map((row) => String(row[3])));
}
