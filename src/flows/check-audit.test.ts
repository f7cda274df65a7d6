import { type RawBuilder, sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { instant, later } from "#base/time.ts";
import { addAudit } from "#store/audit.ts";
import { auditChainNow } from "#store/audit-checks.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import { checkAudit, verifyAudit } from "./check-audit.ts";
import type { FlowContext } from "./context.ts";
import { auditBook } from "./seal-books.ts";
import { sealRows } from "./seal-rows.ts";

const NOW = instant(1_785_500_000_000);
const sealer = createSealer("5e".repeat(32));
const ROWS = 7;
const open: TestDatabase[] = [];
afterEach(async () => {
  for (const db of open.splice(0)) await db.drop();
});

async function written(name: "sqlite" | "mariadb") {
  const db = await freshDatabase(name);
  open.push(db);
  let now = NOW;
  const ctx: FlowContext = { db, clock: () => (now = later(now, 1)), newId, log: silentLog };
  for (let i = 0; i < ROWS; i++) await note(ctx, i);
  return { db, ctx };
}

function note({ db }: FlowContext, i: number): Promise<void> {
  return db.transact((tx) =>
    addAudit(tx, {
      id: `row${String(i).padStart(3, "0")}`,
      at: NOW,
      actor: "anna",
      action: "meter.trip",
      object: `meter:${i}`,
      before: { relay: "closed" },
      after: { relay: "open", note: "第“一”次" },
      reason: "试",
      ip: "10.0.0.1",
    }),
  );
}

async function sealAll(ctx: FlowContext): Promise<void> {
  while ((await sealRows(ctx, sealer, auditBook)) > 0);
}

/** Somebody with a client of the database in his hand: one statement beside every rule of the program. */
const strike = (db: TestDatabase, statement: RawBuilder<unknown>) => db.transact((tx) => statement.execute(tx));

describe.each(testDatabases)("the seals of the audit on $name", ({ name, available }) => {
  const run = test.skipIf(!available);

  run("cover every row that was written, and hold", async () => {
    const { ctx } = await written(name);
    expect(await verifyAudit(ctx, { sealer, head: null })).toMatchObject({ ok: true, sealed: 0, waiting: ROWS });
    await sealAll(ctx);
    const report = await verifyAudit(ctx, { sealer, head: null });
    expect(report).toMatchObject({ ok: true, sealed: ROWS, waiting: 0, problems: [], head: { seq: 1 } });
    await note(ctx, ROWS);
    await sealAll(ctx);
    expect(await verifyAudit(ctx, { sealer, head: report.head })).toMatchObject({ ok: true, sealed: ROWS + 1 });
  });

  run("many who write at once wait for nobody, and servers that seal at once make one chain", async () => {
    const { ctx } = await written(name);
    const writers = Array.from({ length: 20 }, (_, i) => note(ctx, 100 + i));
    await Promise.all([...writers, sealAll(ctx), sealAll(ctx)]);
    await sealAll(ctx);
    expect(await verifyAudit(ctx, { sealer, head: null })).toMatchObject({ ok: true, sealed: ROWS + 20, waiting: 0 });
  });

  const tamperings: [string, RawBuilder<unknown>[], RegExp][] = [
    ["who did it", [sql`update audit set actor = 'nobody' where id = 'row003'`], /^audit row row003 was changed/],
    [
      "what it was before",
      [sql`update audit set ${sql.ref("before")} = '{}' where id = 'row004'`],
      /^audit row row004 was changed/,
    ],
    ["when it was", [sql`update audit set at = at + 1 where id = 'row000'`], /^audit row row000 was changed/],
    [
      "a row that is gone",
      [sql`delete from audit where id = 'row002'`],
      /^audit row row002 is gone \(seal 1, row 3\)$/,
    ],
    [
      "a row that is gone with its hash",
      [sql`delete from audit where id = 'row002'`, sql`delete from audit_sealed where item = 'row002'`],
      /^seal 1 covers 6 rows, it was made over 7$/,
    ],
    [
      "a row that nobody wrote",
      [
        sql`insert into audit (id, at, actor, action, object, ${sql.ref("before")}, ${sql.ref("after")}, reason, ip)
          values ('forged', 1, 'anna', 'login', 'session', null, null, '', '')`,
      ],
      /^audit row forged was not written by the program$/,
    ],
    [
      "the hash beside the row as well",
      [
        sql`update audit set reason = 'x' where id = 'row005'`,
        sql`update audit_sealed set hash = ${"0".repeat(64)} where item = 'row005'`,
      ],
      /^audit row row005 was changed/,
    ],
    ["a seal made anew without the key", [sql`update audit_seal set signature = 'v1:AAAA'`], /^seal 1 is not signed/],
  ];
  run.for(tamperings)("name what was tampered with: %s", async ([, statements, sentence]) => {
    const { ctx, db } = await written(name);
    await sealAll(ctx);
    for (const statement of statements) await strike(db, statement);
    const report = await verifyAudit(ctx, { sealer, head: null });
    expect(report.ok).toBe(false);
    expect(report.problems[0]).toMatch(sentence);
  });

  run("a check remembers the newest seal: a chain that was cut off and made anew does not pass the next", async () => {
    const { ctx, db } = await written(name);
    expect(await auditChainNow(db.read)).toMatchObject({ checkedAt: null, ok: null, waiting: ROWS });
    await sealAll(ctx);
    expect(await checkAudit(ctx, sealer)).toMatchObject({ ok: true });
    expect(await auditChainNow(db.read)).toMatchObject({ ok: true, sealed: ROWS, problems: [], head: { seq: 1 } });
    await strike(db, sql`update audit set reason = 'never asked' where id = 'row001'`);
    await strike(db, sql`insert into audit_unsealed (item) select item from audit_sealed`);
    await strike(db, sql`delete from audit_sealed`);
    await strike(db, sql`delete from audit_seal`);
    await sealAll(ctx);
    expect(await verifyAudit(ctx, { sealer, head: null })).toMatchObject({ ok: true });
    for (let again = 0; again < 2; again++) {
      const report = await checkAudit(ctx, sealer);
      expect(report.problems[0]).toBe("seal 1 is not the one that was written down");
    }
    expect(await auditChainNow(db.read)).toMatchObject({ ok: false, problems: [expect.stringContaining("seal 1")] });
  });
});
