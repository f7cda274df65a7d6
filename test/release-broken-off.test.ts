import { afterAll, beforeAll, expect, test } from "vitest";
import { SOFTWARE_VERSION } from "#base/version.ts";
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
