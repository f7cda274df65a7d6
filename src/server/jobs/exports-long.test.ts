import type { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import readSheet from "read-excel-file/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExportJob } from "#contract/exports.ts";
import { insertRows } from "#store/portable.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { testShelf } from "../test-exports.ts";
import { asked, buildTown, contextOf, enrol, meter, meterState, testApp } from "../test-town.ts";
import { exportsJob } from "./exports.ts";

describe.each(testDatabases.filter(({ available }) => available))("long exports on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  const shelf = testShelf();
  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    app = await testApp(db, { shelf });
  });
  afterAll(async () => {
    await app.close();
    await db.drop();
    await shelf.clear();
  });

  test("what is long is not downloaded at once but named, and made in the background with every row once while rows are added", async () => {
    const user = await enrol(db, { areas: [1] });
    const many = Array.from({ length: 20_000 }, (_, i) => 10_000 + i);
    await db.transact(async (tx) => {
      await insertRows(
        tx,
        "meter",
        many.map((id) => ({ ...meter(id, 1), account_id: null, room_id: null })),
      );
      await insertRows(
        tx,
        "meter_state",
        many.map((id) => meterState(id)),
      );
    });
    const direct = await app.inject(asked(user, "GET", "/api/reports/current/export?kind=electricity"));
    expect(direct.json()).toMatchObject({ code: "export_in_background", details: { rows: 20_002, max: 20_000 } });
    const wish = { key: "everything-there-is", report: "current", filter: { kind: "electricity" } };
    const id = (await app.inject(asked(user, "POST", "/api/exports", wish))).json().exportId;
    let added = 0;
    const adding = {
      ...shelf,
      async keep(of: string, stream: Readable) {
        stream.once("readable", () => {
          void db.transact(async (tx) => {
            await insertRows(tx, "meter", [{ ...meter(9_999, 1), account_id: null, room_id: null }]);
            await insertRows(tx, "meter_state", [meterState(9_999)]);
            added++;
          });
        });
        return shelf.keep(of, stream);
      },
    };
    await exportsJob(contextOf(db), { shelf: adding, signal: new AbortController().signal }, 1).run();
    const file = await app.inject(asked(user, "GET", `/api/exports/${id}/file`));
    const [sheet] = await readSheet(file.rawPayload);
    const rows = sheet?.data ?? [];
    const seen = rows.slice(rows.findIndex((row) => row[2] === "表号") + 1, -1).map((row) => row[1]);
    expect(added).toBe(1);
    expect(new Set(seen).size).toBe(seen.length);
    const all = ["1-11", "1-12", ...many.map((each) => `1-${each}`)];
    expect(seen.filter((each) => each !== "1-9999")).toEqual(all);
    const { items } = (await app.inject(asked(user, "GET", "/api/exports"))).json();
    expect(items.map((each: ExportJob) => each.rowsDone)).toEqual([seen.length]);
  });
});
