import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { MigrationMark } from "#store/migration-marks.ts";
import type { Release } from "#system/release.ts";
import { alone } from "./alone.ts";
import { writeMoneyFile } from "./money-file.ts";
import { restorerOf, wayBackTo } from "./rollback.ts";
import { placeAt, placeOf, settingsIn, type Upgrade, withSetting, writeWhole } from "./site.ts";
import { backupToKeep, goingOn } from "./upgrade.ts";
import { faultsOf, isOlder } from "./versions.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "jichao-release-"));
  folders.push(made);
  return made;
}

const target: Release = {
  ...{ product: "jichao", version: "1.0.0", platform: "linux-x64", node: "24", source: "test" },
  migrations: [{ name: "0001_first", olderCanRun: false }],
};
const mark = (name: string, olderCanRun: boolean, isDone = true): MigrationMark => ({
  ...{ name, olderCanRun, isDone, madeBy: "1.1.0" },
});
const last: Upgrade = { from: "1.0.0", to: "1.1.0", stage: "done", backup: "/b/before" };

test.each([
  ["nothing was changed", [mark("0001_first", false)], last, { by: "switch" }],
  ["what was changed is borne", [mark("0002_more", true)], last, { by: "switch" }],
  [
    "one step is not borne",
    [mark("0002_more", true), mark("0003_other", false)],
    last,
    { by: "restore", because: ["0003_other"], backup: "/b/before" },
  ],
  [
    "a step that is not borne was begun",
    [mark("0003_other", false, false)],
    last,
    { by: "restore", because: ["0003_other"], backup: "/b/before" },
  ],
  [
    "the database was left behind by a way back that was broken off",
    [mark("0003_other", false), mark("9999_left_behind", false)],
    last,
    { by: "restore", because: ["0003_other"], backup: "/b/before" },
  ],
  ["there is no backup", [mark("0003_other", false)], null, { by: "none", because: ["0003_other"] }],
  [
    "the backup is of another upgrade",
    [mark("0003_other", false)],
    { ...last, from: "0.9.0" },
    { by: "none", because: ["0003_other"] },
  ],
] as const)("the way back, when %s", (_, marks, upgrade, way) => {
  expect(wayBackTo(target, marks, upgrade)).toEqual(way);
});

test("a backup is restored by a version that knows all of it, and leaves nothing that the older one would misread", () => {
  const [first, borne, other] = [mark("0001_first", false), mark("0002_more", true), mark("0003_other", false)];
  const release = (version: string, migrations: MigrationMark[]): Release => ({ ...target, version, migrations });
  const middle = release("1.0.5", [first, borne]);
  const newest = release("1.1.0", [first, borne, other]);
  const here = [newest, middle, target];
  expect(restorerOf(target, here, ["0001_first"])).toBe("1.0.0");
  expect(restorerOf(target, here, ["0001_first", "0002_more"])).toBe("1.0.5");
  expect(restorerOf(target, [newest], ["0001_first", "0002_more"])).toBeNull();
  expect(restorerOf(target, here, ["0001_first", "0003_other"])).toBeNull();
});

test("versions are compared by their numbers, and a candidate comes before what it is for", () => {
  const order = ["0.9.0", "0.10.0", "1.0.0-rc.1", "1.0.0", "1.0.1"];
  for (const [i, one] of order.entries())
    for (const [j, other] of order.entries()) expect([one, other, isOlder(one, other)]).toEqual([one, other, i < j]);
});

test("one setting is changed and everything else stays as somebody wrote it", () => {
  const text = "# 我的设置\nJICHAO_DB=mysql://a:b%23@h/c\n\nJICHAO_LOG=warn\n";
  const changed = withSetting(text, "JICHAO_DB", "mysql://new");
  expect(changed).toBe("# 我的设置\nJICHAO_DB=mysql://new\n\nJICHAO_LOG=warn\n");
  expect(withSetting("JICHAO_LOG=warn", "JICHAO_DB", "x")).toBe("JICHAO_LOG=warn\nJICHAO_DB=x\n");
  expect(withSetting("", "JICHAO_DB", "x")).toBe("JICHAO_DB=x\n");
  const file = join(folder(), "jichao.env");
  writeWhole(file, text, { mode: 0o600 });
  expect(settingsIn(file)).toEqual({ JICHAO_DB: "mysql://a:b%23@h/c", JICHAO_LOG: "warn" });
  expect(settingsIn(`${file}.none`)).toEqual({});
});

test("an installation is found from its programs, at the top of a machine and below a folder", () => {
  expect(placeOf("/opt/jichao/versions/1.0.0").settings).toBe("/etc/jichao/jichao.env");
  expect(placeOf("/x/opt/jichao/versions/1.0.0").settings).toBe("/x/etc/jichao/jichao.env");
  expect(placeOf("/somewhere/jichao-1.0.0-linux-x64").root).toBe("");
});

test("a release with a file changed, missing or too many is not whole", async () => {
  const tree = folder();
  mkdirSync(join(tree, "src"));
  writeFileSync(join(tree, "src/a"), "a");
  const sum = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
  writeFileSync(join(tree, "SHA256SUMS"), `${sum}  src/a\n`);
  expect(await faultsOf(tree)).toEqual([]);
  writeFileSync(join(tree, "src/b"), "b");
  expect(await faultsOf(tree)).toEqual(["src/b"]);
  rmSync(join(tree, "src/b"));
  writeFileSync(join(tree, "src/a"), "b");
  expect(await faultsOf(tree)).toEqual(["src/a"]);
  rmSync(join(tree, "src/a"));
  expect(await faultsOf(tree)).toEqual(["src/a"]);
  rmSync(join(tree, "SHA256SUMS"));
  expect(await faultsOf(tree)).toEqual(["SHA256SUMS"]);
});

test.each([
  ["there was none", null, "1.0.0", "1.1.0", null],
  ["the last one came to its end", last, "1.1.0", "1.2.0", null],
  ["it is run again", { ...last, stage: "migrating" }, "1.0.0", "1.1.0", { ...last, stage: "migrating" }],
  [
    "it is run again after the switch",
    { ...last, stage: "migrating" },
    "1.1.0",
    "1.1.0",
    { ...last, stage: "migrating" },
  ],
  [
    "another version comes before the switch",
    { ...last, stage: "migrating" },
    "1.0.0",
    "1.1.1",
    { ...last, stage: "migrating" },
  ],
  ["another version comes when the end was not noted", { ...last, stage: "migrating" }, "1.1.0", "1.2.0", null],
] as const)("the upgrade to go on with, when %s", (_, state, current, to, goes) => {
  expect(goingOn(state, current, to)).toEqual(goes);
});

test.each([
  ["nothing was begun", null, "1.0.0", false, null],
  ["the programs still ran", { ...last, stage: "backed_up" }, "1.0.0", true, null],
  ["the version of before could go on meanwhile", { ...last, stage: "migrating" }, "1.0.0", true, null],
  ["the version of before is shut out", { ...last, stage: "migrating" }, "1.0.0", false, "/b/before"],
  ["the new version is in use", { ...last, stage: "migrating" }, "1.1.0", true, "/b/before"],
] as const)("the backup of before is kept or taken anew, when %s", (_, begun, current, isBorne, kept) => {
  expect(backupToKeep(begun, current, isBorne)).toBe(kept);
});

test("what is written into a folder of the programs' user follows no link that somebody put there", async () => {
  const place = folder();
  const [victim, list, key] = [join(place, "victim"), join(place, "list.xlsx"), join(place, "key")];
  writeFileSync(victim, "root's");
  for (const file of [list, key]) symlinkSync(victim, `${file}.writing`);
  for (const file of [list, key]) symlinkSync(victim, file);
  const none = { payments: [], refunds: [], transfers: [], paymentMeters: new Map(), meters: new Map() };
  await writeMoneyFile(list, { ...none, backupAt: 0, customers: new Map() });
  writeWhole(key, "k", { mode: 0o640 });
  expect(readFileSync(victim, "utf8")).toBe("root's");
  expect(lstatSync(victim).mode & 0o777).toBe(0o644);
  expect([list, key].map((file) => [lstatSync(file).isFile(), lstatSync(file).mode & 0o777])).toEqual([
    [true, 0o600],
    [true, 0o640],
  ]);
});

test("of two that begin at once one is refused, and the refused one takes nothing away from the other", async () => {
  const place = placeAt(folder());
  const order: string[] = [];
  const held = alone(place, async () => {
    for (const n of [1, 2]) {
      await expect(alone(place, async () => void order.push("both"))).rejects.toThrow("另一个安装");
      order.push(`refused ${n}`);
    }
  });
  await held;
  await expect(
    alone(place, async () => {
      throw new Error("broke off");
    }),
  ).rejects.toThrow("broke off");
  await alone(place, async () => void order.push("next"));
  expect(order).toEqual(["refused 1", "refused 2", "next"]);
});
