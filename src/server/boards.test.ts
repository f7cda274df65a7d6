import { gunzipSync } from "node:zlib";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { type Permission, SCOPE_ALL } from "#domain/permission.ts";
import { insertRows } from "#store/portable.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { createBoards } from "./boards.ts";
import { buildTown, contextOf, enrol, meter, meterState, testApp } from "./test-town.ts";

const permissions: ReadonlySet<Permission> = new Set(["board.view", "price.see", "contact.full"]);
const ALL = { scope: SCOPE_ALL, permissions };
const STREET_1 = { scope: { all: false, areaIds: [1], meterIds: [] }, permissions } as const;

describe.each(testDatabases)("boards on $name", ({ name, available }) => {
  test.skipIf(!available)(
    "are read once for all who ask, apart for each scope, and anew when something was written",
    async () => {
      const db = await freshDatabase(name);
      await buildTown(db);
      const boards = createBoards(contextOf(db), 60_000);
      const [first, second] = await Promise.all([boards.of(ALL), boards.of(ALL)]);
      expect(second).toBe(first);
      expect(first.board.counts.total).toBe(4);
      expect(JSON.parse(first.sent.text)).toEqual(first.board);
      expect(await first.sent.packed()).toBe(await first.sent.packed());
      expect(gunzipSync(await first.sent.packed()).toString()).toBe(first.sent.text);
      expect((await boards.of(STREET_1)).board.tiles.map(({ meterId }) => meterId)).toEqual([11, 12]);

      await db.transact((tx) =>
        tx.updateTable("meter_state").set({ relay: "open" }).where("meter_id", "=", 11).execute(),
      );
      expect(await boards.of(ALL)).toBe(first);
      boards.forget();
      expect((await boards.of(ALL)).board.counts.off).toBe(1);
      await db.drop();
    },
  );

  test.skipIf(!available)("are read anew when their time is over, and after a reading that failed", async () => {
    const db = await freshDatabase(name);
    await buildTown(db);
    const boards = createBoards(contextOf(db), 0);
    expect(await boards.of(ALL)).not.toBe(await boards.of(ALL));
    const lasting = createBoards(contextOf(db), 60_000);
    await db.transact((tx) => sql`alter table meter_state rename to away`.execute(tx));
    await expect(lasting.of(ALL)).rejects.toThrow();
    await db.transact((tx) => sql`alter table away rename to meter_state`.execute(tx));
    expect((await lasting.of(ALL)).board.counts.total).toBe(4);
    await db.drop();
  });

  test.skipIf(!available)("go out packed to who can read that, as they are to others, and mean the same", async () => {
    const db = await freshDatabase(name);
    await buildTown(db);
    const { cookie } = await enrol(db, { permissions: ["board.view"] });
    const more = Array.from({ length: 30 }, (_, i) => 900 + i); // enough tiles to be worth it
    const like = await db.read.selectFrom("account").selectAll().where("id", "=", 11).executeTakeFirstOrThrow();
    await db.transact(async (tx) => {
      await insertRows(
        tx,
        "account",
        more.map((id) => ({ ...like, id, number: String(id) })),
      );
      await insertRows(
        tx,
        "meter",
        more.map((id) => ({ ...meter(id, 1), room_id: 11 })),
      );
      await insertRows(tx, "meter_state", more.map(meterState));
    });
    const app = await testApp(db, {});
    const ask = (accept: string) => app.inject({ url: "/api/board", headers: { cookie, "accept-encoding": accept } });
    const [packed, plain] = [await ask("gzip"), await ask("identity")];
    for (const answer of [packed, plain])
      expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(plain.headers).not.toHaveProperty("content-encoding");
    expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding" });
    expect(JSON.parse(gunzipSync(packed.rawPayload).toString()).tiles).toEqual(plain.json().tiles);
    await app.close();
    await db.drop();
  });
});
