import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedRoles } from "#domain/permission.ts";
import { up } from "./migrations/0024_people.ts";
import { claimPeople, nextPersonId, roleRows } from "./people.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "./test-databases.ts";

describe.each(testDatabases.filter(({ available }) => available))("on $name", ({ name }) => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await freshDatabase(name);
  });
  afterAll(() => db.drop());

  const step = () => db.transact((tx) => up(tx, db.kind));

  test("a new database is left to make its own roles", async () => {
    await step();
    expect(await roleRows(db.read)).toEqual([]);
  });

  test("an installation that is there gets the auditor once, and login names without case and full width", async () => {
    const people = ["Wang", "wang", "LI", "ＺＨＡＯ"];
    await db.transact(async (tx) => {
      await tx.insertInto("role").values({ id: 7, code: "admin", name: "管", permissions: "[]", version: 0 }).execute();
      for (const [i, login] of people.entries()) {
        const user = { id: i + 1, login, name: login, password_hash: "none", disabled: 0, all_meters: 1 } as const;
        await tx
          .insertInto("user")
          .values({ ...user, created_at: 1, must_change: 0, seen_at: 0, version: 0 })
          .execute();
      }
    });
    await step();
    await step();
    const made = (await roleRows(db.read)).filter(({ code }) => code === "auditor");
    expect(made).toMatchObject([{ id: 8, name: "审计员" }]);
    // Alarms and prices came later, and later steps give them to the roles that are there.
    const auditor = seedRoles.find(({ code }) => code === "auditor")?.permissions;
    const later = ["alarm.view", "price.see"];
    expect(made[0]?.permissions).toEqual(auditor?.filter((permission) => !later.includes(permission)));
    const users = await db.read.selectFrom("user").select("login").orderBy("id").execute();
    expect(users.map(({ login }) => login)).toEqual(["wang.1", "wang", "li", "zhao"]);
  });

  test("numbers of roles go on past those that a step or a program entered", async () => {
    const ids = await db.transact(async (tx) => {
      await claimPeople(tx);
      return [await nextPersonId(tx, "role"), await nextPersonId(tx, "role")];
    });
    expect(ids).toEqual([9, 10]);
  });
});
