import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { type Instant, later } from "#base/time.ts";
import { money } from "#base/units.ts";
import { type Actor, type Permission, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { approvalsWaiting, approvalView, approvalViews } from "#store/approvals.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import type { FlowContext } from "./context.ts";
import {
  type ApprovalEffects,
  decideApproval,
  expireApprovals,
  setApprovalRule,
  withdrawApproval,
} from "./decide-approval.ts";
import { APPROVAL_MS, askForApproval } from "./request-approval.ts";
import { refusal } from "./test-refusal.ts";

const person = (login: string, may: readonly Permission[] = permissions, scope: Actor["scope"] = SCOPE_ALL): Actor => ({
  userId: 1,
  login,
  name: login,
  permissions: new Set(may),
  scope,
});
const [wang, li, zhao] = [person("wang"), person("li"), person("zhao")];

describe.each(testDatabases)("a second person on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let db: TestDatabase;
  let ctx: FlowContext;
  let aheadMs = 0;
  let objects = 0;
  /** Every effect that came true, by object. */
  const happened: string[] = [];
  const effects: ApprovalEffects = {
    refund: {
      async approved(_ctx, tx, approval) {
        if (approval.reason === "has changed") throw new AppError("refund_exceeds_remaining", { max: "1.00" });
        await tx
          .insertInto("tally")
          .values({ name: `done:${approval.object}`, value: 1 })
          .execute();
      },
      async ended(_ctx, _tx, approval, { how }) {
        happened.push(`${how} ${approval.object}`);
      },
    },
  };

  beforeAll(async () => {
    if (!available) return;
    db = await freshDatabase(name);
    ctx = { db, clock: () => later(systemClock(), aheadMs), newId, log: silentLog };
  });
  afterAll(() => db?.drop());

  async function ask(by = wang, reason = "", amount = 3_000_000): Promise<{ id: string; object: string }> {
    const object = `refund:F${++objects}`;
    const id = await db.transact((tx) =>
      askForApproval(
        ctx,
        tx,
        {
          kind: "refund",
          object,
          meterId: null,
          amount: money(amount),
          summary: { label: "A-203" },
          reason,
          by: by.login,
          ip: "",
        },
        ctx.clock(),
      ),
    );
    if (id === null) throw new Error("nobody was asked");
    return { id, object };
  }
  const decision = (by: Actor, id: string, verdict: "approve" | "reject" = "approve", version = 0) =>
    decideApproval(ctx, effects, by, { id, verdict, version, reason: verdict === "reject" ? "no" : "", ip: "" });
  const timesDone = async (object: string) =>
    (await db.read.selectFrom("tally").select("name").where("name", "=", `done:${object}`).execute()).length;
  const stateOf = async (id: string) => (await approvalView(db.read, li, id, ctx.clock()))?.state;

  on("is not asked below the limit, nor when the rule is off; a rule that cannot be read asks always", async () => {
    const small = (amount: number) =>
      db.transact((tx) =>
        askForApproval(
          ctx,
          tx,
          {
            kind: "refund",
            object: `refund:S${++objects}`,
            meterId: null,
            amount: money(amount),
            summary: {},
            reason: "",
            by: "wang",
            ip: "",
          },
          ctx.clock(),
        ),
      );
    expect(await small(2_000_000)).toBeNull();
    expect(await small(2_000_001)).not.toBeNull();
    await setApprovalRule(ctx, wang, { kind: "refund", on: false, limit: "0", reason: "alone here", ip: "" });
    expect(await small(90_000_000)).toBeNull();
    const broken = { key: "approval.refund", value: "{", updated_by: "x", updated_at: 1 };
    await db.transact(async (tx) => {
      await tx.deleteFrom("setting").execute();
      await tx.insertInto("setting").values(broken).execute();
    });
    expect(await small(1)).not.toBeNull();
    await db.transact((tx) => tx.deleteFrom("setting").execute());
    expect(
      await refusal(setApprovalRule(ctx, wang, { kind: "refund", on: true, limit: "-1", reason: "x", ip: "" })),
    ).toBe("invalid_input");
    const rules = await db.read.selectFrom("audit").select("action").where("action", "=", "approval.rule").execute();
    expect(rules).toHaveLength(1);
  });

  on("no limit in yuan waives the second person where nothing has an amount", async () => {
    const kinds = ["price", "ratio", "off_release", "quarantine", "close_batch"] as const;
    const request = { meterId: null, amount: money(0), summary: {}, reason: "", by: "wang", ip: "" };
    for (const kind of kinds) {
      const rule = { kind, on: true, reason: "200 元以上", ip: "" };
      expect(await refusal(setApprovalRule(ctx, wang, { ...rule, limit: "200" }))).toBe("invalid_input");
      // As an older version may have kept it.
      const kept = {
        key: `approval.${kind}`,
        value: '{"on":true,"limitYuan":"200.00"}',
        updated_by: "x",
        updated_at: 1,
      };
      await db.transact((tx) => tx.insertInto("setting").values(kept).execute());
      const object = `${kind}:${++objects}`;
      expect(
        await db.transact((tx) => askForApproval(ctx, tx, { ...request, kind, object }, ctx.clock())),
      ).not.toBeNull();
      await setApprovalRule(ctx, wang, { ...rule, on: false, limit: "0" });
      expect(await db.transact((tx) => askForApproval(ctx, tx, { ...request, kind, object }, ctx.clock()))).toBeNull();
    }
    await db.transact(async (tx) => {
      await tx.deleteFrom("setting").execute();
      await tx.deleteFrom("approval").execute();
    });
  });

  on("approves what another one asked, once, and both are on record", async () => {
    const { id, object } = await ask();
    expect(await refusal(decision(wang, id))).toBe("approval_same_person");
    expect(await timesDone(object)).toBe(0);
    await decision(li, id);
    await decision(li, id); // a second click
    expect(await timesDone(object)).toBe(1);
    expect(await refusal(decision(zhao, id))).toBe("approval_not_open");
    const audit = await db.read.selectFrom("audit").select(["actor", "action"]).where("object", "=", object).execute();
    expect(audit.map((row) => `${row.actor} ${row.action}`).sort()).toEqual([
      "li approval.approve",
      "wang approval.request",
    ]);
  });

  on("is one of many who decide at the same moment: exactly one decision comes true", async () => {
    const { id, object } = await ask();
    const people = Array.from({ length: 8 }, (_, i) => person(`boss${i}`));
    const answers = await Promise.all(
      people.map((each, i) => refusal(decision(each, id, i % 2 === 0 ? "approve" : "reject"))),
    );
    expect(answers.filter((each) => each === "nothing")).toHaveLength(1);
    expect(answers.filter((each) => each === "approval_not_open")).toHaveLength(7);
    const approved = (await stateOf(id)) === "approved";
    expect(await timesDone(object)).toBe(approved ? 1 : 0);
    expect(happened.filter((each) => each.endsWith(object))).toHaveLength(approved ? 0 : 1);
  });

  on("decides nothing when what it rests on has changed: the request stays open", async () => {
    const { id, object } = await ask(wang, "has changed");
    expect(await refusal(decision(li, id))).toBe("refund_exceeds_remaining");
    expect(await stateOf(id)).toBe("requested");
    expect(await timesDone(object)).toBe(0);
    expect(await refusal(decision(li, id, "approve", 7))).toBe("approval_changed");
    await decision(li, id, "reject");
    expect(happened).toContain(`rejected ${object}`);
  });

  on("needs a reason to reject, and the permission of the kind", async () => {
    const { id } = await ask();
    expect(
      await refusal(decideApproval(ctx, effects, li, { id, verdict: "reject", version: 0, reason: "", ip: "" })),
    ).toBe("reason_required");
    // Who may not decide about refunds does not even see it.
    expect(await refusal(decision(person("nosy", ["price.approve"]), id))).toBe("approval_not_found");
    // What is about no meter is for those who see everything.
    expect(await refusal(decision(person("far", permissions, { all: false, areaIds: [1], meterIds: [] }), id))).toBe(
      "approval_not_found",
    );
  });

  on("cannot decide what was withdrawn or ran out", async () => {
    const first = await ask();
    expect(await refusal(withdrawApproval(ctx, effects, li, { id: first.id, reason: "", ip: "" }))).toBe(
      "approval_not_found",
    );
    await withdrawApproval(ctx, effects, wang, { id: first.id, reason: "", ip: "" });
    expect(await refusal(decision(li, first.id))).toBe("approval_not_open");
    const second = await ask();
    aheadMs += APPROVAL_MS;
    expect(await refusal(decision(li, second.id))).toBe("approval_expired");
    expect(await expireApprovals(ctx, effects)).toBeGreaterThan(0);
    expect(await expireApprovals(ctx, effects)).toBe(0);
    expect(await stateOf(second.id)).toBe("expired");
    expect(happened).toContain(`expired ${second.object}`);
    expect(await refusal(decision(li, second.id))).toBe("approval_not_open");
  });

  on("sees what waits for him, the one who asked sees his own", async () => {
    const before = await approvalsWaiting(db.read, li);
    const { id } = await ask(wang);
    const now = ctx.clock() as Instant;
    expect(await approvalsWaiting(db.read, li)).toBe(before + 1);
    const listed = await approvalViews(db.read, li, { view: "to_decide", limit: 50, now });
    expect(listed.items.map((each) => each.id)).toContain(id);
    expect(listed.items[0]).toMatchObject({ mine: false, whyNot: null, amount: "300.00" });
    const own = await approvalViews(db.read, wang, { view: "mine", limit: 50, now });
    expect(own.items.find((each) => each.id === id)).toMatchObject({ mine: true, whyNot: "same_person" });
    const page = await approvalViews(db.read, wang, { view: "all", limit: 2, now });
    expect(page.items).toHaveLength(2);
    expect(page.more).toBe(true);
    const next = await approvalViews(db.read, wang, { view: "all", limit: 2, now, before: page.items[1]?.id });
    expect(next.items.some((each) => page.items.some((shown) => shown.id === each.id))).toBe(false);
  });
});
