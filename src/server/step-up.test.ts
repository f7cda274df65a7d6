import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { permissions } from "#domain/permission.ts";
import type { Db } from "#store/db.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { type AccessLine, proved } from "./test-access-matrix.ts";
import { accessTown, type Town } from "./test-access-town.ts";
import { asked, enrol, type TestUser } from "./test-town.ts";

/** Every row of these tables of a database, by table. */
async function everything({ read }: Db, names: readonly string[]): Promise<Map<string, string>> {
  const tables = new Map<string, string>();
  for (const name of names) {
    const rows = await read
      .selectFrom(name as "meter")
      .selectAll()
      .execute();
    tables.set(name, JSON.stringify(rows.map((row) => JSON.stringify(row)).sort()));
  }
  return tables;
}

/** The tables that are not as they were. */
function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...after].filter(([name, rows]) => before.get(name) !== rows).map(([name]) => name);
}

describe.each(testDatabases.filter(({ available }) => available))("on $name", ({ name }) => {
  let town: Town;
  let db: Town["db"];
  let app: Town["app"];
  let names: string[];
  beforeAll(async () => {
    town = await accessTown(name);
    ({ db, app } = town);
    // Asked once: MariaDB goes through every schema of the server for it, and many tests share one.
    const tables = await db.read.introspection.getTables();
    names = tables.map((table) => table.name).filter((table) => table !== "session"); // who looks at it now
  });
  afterAll(() => town.close());

  /** A change of prices that waits for a second person. */
  async function waitingApproval(): Promise<string> {
    const author = await enrol(db, {});
    const rule = { kind: "price", on: true, limit: "0", reason: "双人" };
    await app.inject(asked(author, "POST", "/api/approval-rules", rule));
    await app.inject(asked(author, "POST", "/api/price-changes", town.priceChange(12, "waits-for-proof", 5)));
    await app.inject(asked(author, "POST", "/api/approval-rules", { ...rule, on: false }));
    const { items } = (await app.inject(asked(author, "GET", "/api/approvals?view=mine"))).json();
    return items[0].id;
  }

  test("whatever wants a fresh proof is refused without one, changes nothing, and happens with one", async () => {
    const approvalUrl = `/api/approvals/${await waitingApproval()}`;
    // What is dangerous about a route that wants a proof for some bodies only.
    const dangerous: Record<string, object> = {
      "/api/meters/:id/commands": { key: "trip-without-proof", kind: "trip", reason: "检修" },
      "/api/trials": { key: "trial-without-proof", place: "meters", meterIds: [12], switchTest: true },
      "/api/trials/:trialNo/repeat": { switchTest: true },
      "/api/approvals/:id/decision": { verdict: "approve", version: 0 },
      "/api/commands/:id/withdraw": { reason: "点错了", staysOff: true },
    };
    const wanting = app.declaredRoutes.filter(({ stepUp }) => stepUp !== "never");
    expect(wanting.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([...proved].sort());
    for (const { method, path, access, stepUp } of wanting) {
      const { user, ...request } = await town.readied([method as AccessLine[0], path, ...access], permissions);
      const url = request.url.replace("/api/approvals/:id", approvalUrl);
      const body = stepUp === "by_body" ? dangerous[path] : request.body;
      const before = await everything(db, names);
      await proveAt(user, 1);
      const refused = await app.inject(asked(user, request.method, url, body));
      expect([path, refused.statusCode, refused.json().code]).toEqual([path, 403, "step_up_required"]);
      expect([path, refused.json().details]).toEqual([path, { by: "password" }]);
      await proveAt(user, systemClock());
      expect([path, changed(before, await everything(db, names))]).toEqual([path, []]);
      const done = await app.inject(asked(user, request.method, url, body));
      expect([path, done.statusCode < 300], done.body).toEqual([path, true]);
      expect([path, changed(before, await everything(db, names))], done.body).not.toEqual([path, []]);
    }
  }); // every table is read three times for each route

  function proveAt({ id }: TestUser, at: number) {
    return db.transact((tx) => tx.updateTable("session").set({ proved_at: at }).where("user_id", "=", id).execute());
  }
});
