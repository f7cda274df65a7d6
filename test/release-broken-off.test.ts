import { join } from "node:path";
import readExcel from "read-excel-file/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SOFTWARE_VERSION } from "#base/version.ts";
import { takeUp } from "../src/cli/release/database.ts";
import { placeAt } from "../src/cli/release/site.ts";
import { switchTo } from "../src/cli/release/versions.ts";
import { cashierAt, type Releases, releases, type Trial, trial } from "./release-site.ts";

const UNMARKED = "9001_of_tomorrow";
let made: Releases;
beforeAll(() => {
  made = releases();
});
const trials: Trial[] = [];
afterAll(async () => {
  for (const each of trials.splice(0)) await each.remove();
  made.remove();
});

/** A version in use in which the simulated town is enrolled, and the password of its administrator. */
async function inUse(tree: string): Promise<{ site: Trial; password: string }> {
  const site = await trial();
  trials.push(site);
  expect((await site.install(tree, ["--no-start"])).code).toBe(0);
  expect((await site.jichao(["demo"])).code).toBe(0);
  expect((await site.jichao(["release", "start"])).code).toBe(0);
  return { site, password: site.read("etc/jichao/first-password").trim() };
}

type Told = { from: string; backup: string; done: boolean; list: string; money: { payments: number } };
const told = (out: string) => JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as Told;

test("after an upgrade whose end was not noted the next one takes a backup of its own, and until that is there the note stays", async () => {
  const older = await made.tree({ version: "0.0.9", without: ["0033_marks"] });
  const later = await made.tree({ version: "99.0.0", withUnmarked: UNMARKED });
  const { site, password } = await inUse(older);
  const now = await made.tree();
  const killed = await site.install(now, [], "release:after-start=1");
  expect(killed.signal, killed.err).toBe("SIGKILL");
  const note = () => site.read("opt/jichao/state/upgrade.json");
  const first = JSON.parse(note()) as { stage: string; backup: string };
  expect(first.stage).toBe("migrating");
  await (await cashierAt(site.base, password)).take("21.00");

  const broken = await site.install(later, [], "release:after-backup=1");
  expect(broken.signal, broken.err).toBe("SIGKILL");
  expect(JSON.parse(note())).toEqual(first);
  const upgraded = await site.install(later);
  expect(upgraded.code, upgraded.err).toBe(0);
  const next = told(upgraded.out);
  expect(next.from).toBe(SOFTWARE_VERSION);
  expect(next.backup).not.toBe(first.backup);
  // What was paid under the version between is in that backup, not on a list to book again.
  const plan = await site.jichao(["release", "rollback", "--json"]);
  expect(told(plan.out), plan.err).toMatchObject({ to: SOFTWARE_VERSION, done: false, money: { payments: 0 } });
}, 300_000);

test("a way back that is run again after its restore stops what a boot has started and lists what that has taken; before, it can be given up", async () => {
  const older = await made.tree();
  const later = await made.tree({ version: "99.0.0", withUnmarked: UNMARKED });
  const { site, password } = await inUse(older);
  expect((await site.install(later)).code).toBe(0);
  const pay = async (amount: string) => (await cashierAt(site.base, password)).take(amount);
  await pay("21.00");
  const back = ["release", "rollback", "--restore", "--by", "张三", "--json"];

  // Killed once the database is left: no program starts on it, the list can be made, and whoever thinks better of it stays.
  const killed = await site.jichao(back, "release:after-leave=1");
  expect(killed.signal, killed.err).toBe("SIGKILL");
  const shut = await site.jichao(["ledger", "verify"]);
  expect([shut.code, shut.err.includes("jichao release stay")], shut.err).toEqual([1, true]);
  expect((await site.install(later)).err).toContain("jichao release stay");
  const plan = await site.jichao(["release", "rollback", "--json"]);
  expect(told(plan.out), plan.err).toMatchObject({ done: false, money: { payments: 1 } });
  const stayed = await site.jichao(["release", "stay"]);
  expect(stayed.code, stayed.err).not.toBe(1);
  await pay("22.00");

  // The power goes when the restored database is noted and the settings do not name it yet; somebody lets the programs on the old one again.
  const broken = await site.jichao(back, "release:after-switch=1");
  expect(broken.signal, broken.err).toBe("SIGKILL");
  const note = JSON.parse(site.read("opt/jichao/state/rollback.json")) as { database: { programs: string } | null };
  expect(note.database?.programs).toContain("jichao-r");
  switchTo(placeAt(site.root), "99.0.0");
  await takeUp(`sqlite:${join(site.root, "var/lib/jichao/jichao.db")}`);
  expect((await site.jichao(["release", "start"])).code).toBe(0);
  await pay("33.00");
  const again = await site.jichao(back);
  const went = told(again.out);
  expect(went, again.err).toMatchObject({ done: true, money: { payments: 3 } });
  const [sheet] = (await readExcel(went.list)) as unknown as { data: unknown[][] }[];
  for (const amount of ["21.00", "22.00", "33.00"]) expect(JSON.stringify(sheet)).toContain(amount);
  expect(went.list).toContain("opt/jichao/state");
  const health = (await (await fetch(`${site.base}/api/health`)).json()) as { version: string };
  expect(health.version).toBe(SOFTWARE_VERSION);
  expect((await site.jichao(["release", "stay"])).code).toBe(1); // at its end there is nothing to give up
}, 400_000);
