import { gunzipSync } from "node:zlib";
import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { createBoards } from "./boards.ts";
import { buildTown, contextOf } from "./test-town.ts";

const ALL = { all: true } as const;
const STREET_1 = { all: false, areaIds: [1], meterIds: [] } as const;

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
});
