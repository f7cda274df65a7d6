import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mentions } from "./mentions.ts";
import { insertRows } from "./portable.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "./test-databases.ts";

describe.each(testDatabases.filter(({ available }) => available))("text that is looked for on $name", ({ name }) => {
  let db: TestDatabase;
  const names = ["张三便利店", "Zhang 100%", "zhang_1", "O'Brien!", "１０１室", "101\\2"];
  beforeAll(async () => {
    db = await freshDatabase(name);
    await db.transact((tx) =>
      insertRows(
        tx,
        "customer",
        names.map((each, i) => ({ id: i + 1, project_id: 1, number: `00${i}`, name: each, phone: "", created_at: 1 })),
      ),
    );
  });
  afterAll(() => db?.drop());

  test.each([
    ["便利", ["张三便利店"]],
    ["zHANG", ["Zhang 100%", "zhang_1"]],
    ["%", ["Zhang 100%"]],
    ["_", ["zhang_1"]],
    ["!", ["O'Brien!"]],
    ["o'b", ["O'Brien!"]],
    ["10", ["Zhang 100%", "101\\2"]],
    ["1\\2", ["101\\2"]],
    ["１０", ["１０１室"]],
    ["003", ["O'Brien!"]],
    ["' or 1=1 --", []],
    ["四", []],
  ])("%s", async (text, found) => {
    const rows = await db.read
      .selectFrom("customer")
      .select("name")
      .where((eb) => mentions(eb, ["customer.name", "customer.number"], text))
      .orderBy("id")
      .execute();
    expect(rows.map((row) => row.name)).toEqual(found);
  });
});
