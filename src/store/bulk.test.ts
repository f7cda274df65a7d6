import { afterEach, describe, expect, test } from "vitest";
import { buildTown, meterState } from "#server/test-town.ts";
import { updateRows } from "./bulk.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "./test-databases.ts";

let db: TestDatabase | undefined;

afterEach(async () => {
  await db?.drop();
  db = undefined;
});

describe.each(testDatabases.filter(({ available }) => available))("many rows at once on $name", ({ name }) => {
  test("each row gets its own values, null and text among them, and the others stay", async () => {
    const open = await freshDatabase(name);
    db = open;
    await buildTown(open);
    const before = await open.read.selectFrom("meter_state").selectAll().orderBy("meter_id").execute();
    const rows = [
      { ...meterState(11), index_wh: 7, relay: "open" as const, suspect_wh: null, settled_at: 99 },
      { ...meterState(12), index_wh: null, relay: null, suspect_wh: 2 ** 52, settled_at: 99 },
      { ...meterState(999), index_wh: 1 },
    ];
    await open.transact((tx) => updateRows(tx, "meter_state", "meter_id", rows, ["index_wh", "relay", "suspect_wh"]));
    const after = await open.read.selectFrom("meter_state").selectAll().orderBy("meter_id").execute();
    expect(after).toEqual(
      before.map((row) => {
        if (row.meter_id === 11) return { ...row, index_wh: 7, relay: "open", suspect_wh: null };
        return row.meter_id === 12 ? { ...row, index_wh: null, relay: null, suspect_wh: 2 ** 52 } : row;
      }),
    );
  });

  test("text with everything in it that could end a text comes back as it was", async () => {
    const open = await freshDatabase(name);
    db = open;
    await buildTown(open);
    const nasty = `a"b'c\\d\n{"e":[1]} 电表 😀 %_;--`;
    const rows = await open.read.selectFrom("meter").selectAll().where("id", "in", [11, 12]).execute();
    const changed = rows.map((row) => ({ ...row, label: `${row.id}${nasty}` }));
    await open.transact((tx) => updateRows(tx, "meter", "id", changed, ["label"]));
    const after = await open.read.selectFrom("meter").select(["id", "label"]).orderBy("id").execute();
    expect(after.filter(({ id }) => id < 13).map(({ label }) => label)).toEqual([`11${nasty}`, `12${nasty}`]);
    expect(after.filter(({ id }) => id > 13).every(({ label }) => !label.includes(nasty))).toBe(true);
  });

  test("nothing to do is done without a statement, and a fraction is refused", async () => {
    const open = await freshDatabase(name);
    db = open;
    await buildTown(open);
    await open.transact((tx) => updateRows(tx, "meter_state", "meter_id", [], ["index_wh"]));
    const bad = [{ ...meterState(11), index_wh: 1.5 }];
    await expect(open.transact((tx) => updateRows(tx, "meter_state", "meter_id", bad, ["index_wh"]))).rejects.toThrow();
  });
});
