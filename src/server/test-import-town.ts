import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect } from "vitest";
import { type ImportSheet, importColumns, importSheets, REMARK, sheetNames } from "#domain/import-sheets.ts";
import { runImports } from "#flows/run-import.ts";
import { insertRows } from "#store/portable.ts";
import { freshDatabase, type testDatabases } from "#store/test-databases.ts";
import { createSealer } from "#system/seal.ts";
import { bookFile } from "./excel/book.ts";
import { asked, buildTown, contextOf, enrol, type TestUser, testApp } from "./test-town.ts";

type Rows = Partial<Record<ImportSheet, Record<string, string | number>[]>>;

/** A workbook as somebody fills it in; `over` puts other headers or rows in. */
export async function book(rows: Rows): Promise<Buffer> {
  const sheets = importSheets.filter((sheet) => rows[sheet] !== undefined);
  const file = bookFile(
    sheets.map((sheet) => ({
      name: sheetNames[sheet].zh,
      columns: [{ width: 10 }, ...importColumns[sheet].map(() => ({ width: 10 }))],
      heads: [[REMARK.zh, ...importColumns[sheet].map((column) => column.zh)]],
      rows: (rows[sheet] ?? []).map((row) => ["", ...importColumns[sheet].map(({ key }) => String(row[key] ?? ""))]),
    })),
  );
  return bytesOf(file);
}
async function bytesOf(file: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of file) parts.push(part);
  return Buffer.concat(parts);
}

/** An area of the town. */
/** Where a file is sent to. */
export const IMPORT = "/api/imports?projectId=1&name=a.xlsx";

export const area = "1 号街";
/** What every meter of these tests has. */
export const plain = { area, profile: "jc1", concentrator: "C1", price: "0.8" };
/** The number of the n-th new meter, which is its address too. */
export const number = (n: number) => String(700_000_000_000 + n);
/** A row for the n-th new meter. */
export const meter = (n: number, over: Record<string, string | number> = {}) => ({
  ...{ ...plain, number: number(n), address: number(n), room: `7-${n}` },
  ...over,
});

/** A town of its own for the tests of one file, on one database: it is there from the first test to the last. */
export function importTown(name: (typeof testDatabases)[number]["name"]) {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let admin: TestUser;
  let manager: TestUser;

  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    // The town's ids were given by hand.
    const taken = ["area", "room", "box", "concentrator", "customer", "account", "meter"];
    await db.transact((tx) =>
      insertRows(
        tx,
        "sequence",
        taken.map((each) => ({ name: each, next: 10_000 })),
      ),
    );
    app = await testApp(db);
    admin = await enrol(db, {});
    manager = await enrol(db, { areas: [1] });
  });
  afterAll(async () => {
    await app?.close();
    await db?.drop();
  });

  const ctx = () => ({ ...contextOf(db), sealer: createSealer("5e".repeat(32)) });
  const work = async () => {
    while (await runImports(ctx()));
  };
  async function send(file: Buffer, user = admin) {
    return app.inject(asked(user, "POST", IMPORT, file));
  }
  const view = async (id: string, user = admin) => (await app.inject(asked(user, "GET", `/api/imports/${id}`))).json();
  async function check(rows: Rows | Buffer, user = admin) {
    const answer = await send(Buffer.isBuffer(rows) ? rows : await book(rows), user);
    expect([answer.statusCode, answer.json().code]).toEqual([201, undefined]);
    await work();
    const seen = await view(answer.json().id, user);
    const { items } = (await app.inject(asked(user, "GET", `/api/imports/${seen.id}/faults`))).json();
    const faults = items.map((each: { sheet: string; row: number; column: string; code: string }) =>
      [each.sheet, `${each.column}${each.row}`, each.code].join(" "),
    );
    return { ...seen, faults, count: seen.faults };
  }
  const accept = (seen: { id: string; planHash: string }, user = admin) =>
    app.inject(asked(user, "POST", `/api/imports/${seen.id}/accept`, { planHash: seen.planHash, confirmed: true }));
  const metersThere = async () =>
    Number(
      (
        await db.read
          .selectFrom("meter")
          .select((eb) => eb.fn.countAll<number>().as("n"))
          .executeTakeFirstOrThrow()
      ).n,
    );
  return {
    get db() {
      return db;
    },
    get app() {
      return app;
    },
    get admin() {
      return admin;
    },
    get manager() {
      return manager;
    },
    ...{ accept, check, ctx, metersThere, send, view, work },
  };
}
