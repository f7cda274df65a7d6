import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AreaNode } from "#contract/areas.ts";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { asked, buildTown, enrol, type TestUser, testApp } from "./test-town.ts";

const seed = Number(process.env.JICHAO_SEED ?? 20261128);

/** Below street 1: houses 11 and 12, floor 111 in house 11; below street 2: house 21. All of project 1, whose top is area 9. */
const HOUSES = [
  [9, null, "园区"],
  [1, 9, "1 号街"],
  [2, 9, "2 号街"],
  [11, 1, "甲楼"],
  [12, 1, "乙楼"],
  [111, 11, "一层"],
  [21, 2, "甲楼"],
] as const;

/** Numbers 0 … 1, the same for the same seed. */
function stream(from: number): () => number {
  let state = from;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.each(testDatabases.filter(({ available }) => available))("moving areas on $name", ({ name }) => {
  let db: Awaited<ReturnType<typeof freshDatabase>>;
  let app: FastifyInstance;
  let admin: TestUser;
  let manager: TestUser;
  beforeAll(async () => {
    db = await freshDatabase(name);
    await buildTown(db);
    await db.transact(async (tx) => {
      await tx.deleteFrom("area_ancestor").execute();
      const above = new Map<number, number[]>();
      for (const [id, parent_id, areaName] of HOUSES) {
        const row = { id, project_id: 1, parent_id, name: areaName, sort: id };
        if (id <= 2) await tx.updateTable("area").set(row).where("id", "=", id).execute();
        else await tx.insertInto("area").values(row).execute();
        above.set(id, [...(above.get(parent_id ?? 0) ?? []), id]);
        for (const ancestor_id of above.get(id) ?? [])
          await tx.insertInto("area_ancestor").values({ area_id: id, ancestor_id }).execute();
      }
      await tx.insertInto("project").values({ id: 2, name: "另一个项目" }).execute();
      await tx.insertInto("area").values({ id: 90, project_id: 2, parent_id: null, name: "别处", sort: 0 }).execute();
      await tx.insertInto("area_ancestor").values({ area_id: 90, ancestor_id: 90 }).execute();
      await tx.updateTable("meter").set({ area_id: 111 }).where("id", "=", 11).execute();
    });
    app = await testApp(db);
    admin = await enrol(db, {});
    manager = await enrol(db, { areas: [1] });
  });
  afterAll(async () => {
    await app?.close();
    await db?.drop();
  });

  const move = async (user: TestUser, areaId: number, seenParentId: number, parentId: number) => {
    const answer = await app.inject(
      asked(user, "POST", `/api/areas/${areaId}/move`, { parentId, seenParentId, reason: "改建" }),
    );
    return answer.statusCode === 200 ? "moved" : String(answer.json().code);
  };
  const tree = async (user: TestUser): Promise<AreaNode[]> =>
    (await app.inject(asked(user, "GET", "/api/areas/tree"))).json().areas;
  const parents = async () =>
    new Map(
      (await db.read.selectFrom("area").select(["id", "parent_id"]).execute()).map((row) => [row.id, row.parent_id]),
    );

  /** The closure is that of the parents, and no area lies below itself. */
  async function expectClosed(): Promise<void> {
    const above = await parents();
    const right: string[] = [];
    for (const id of above.keys()) {
      let steps = 0;
      for (let at: number | null | undefined = id; at != null; at = above.get(at)) {
        right.push(`${id}<${at}`);
        expect(++steps).toBeLessThanOrEqual(above.size);
      }
    }
    const rows = await db.read.selectFrom("area_ancestor").selectAll().execute();
    expect(rows.map((row) => `${row.area_id}<${row.ancestor_id}`).sort()).toEqual(right.sort());
  }

  test("an area moves with all below it: its meters are seen from the new place alone, it is audited, and it can be taken back", async () => {
    const boardOf = async (user: TestUser) =>
      (await app.inject(asked(user, "GET", "/api/meters?search=&limit=50"))).json().items.length;
    const other = await enrol(db, { areas: [2] });
    const [mine, theirs] = [await boardOf(manager), await boardOf(other)];
    const effects = await app.inject(asked(admin, "GET", "/api/areas/11/move-preview?parentId=2"));
    expect(effects.json()).toMatchObject({ code: "area_name_taken" });
    await db.transact((tx) => tx.updateTable("area").set({ name: "丙楼" }).where("id", "=", 21).execute());
    expect((await app.inject(asked(admin, "GET", "/api/areas/11/move-preview?parentId=2"))).json()).toEqual({
      ...{ areas: 2, meters: 1, users: 2, windows: 0 },
    });
    expect(await move(admin, 11, 1, 2)).toBe("moved");
    await expectClosed();
    expect([await boardOf(manager), await boardOf(other)]).toEqual([mine - 1, theirs + 1]);
    expect(await move(admin, 11, 1, 2)).toBe("moved"); // the same again does nothing
    const lines = () => db.read.selectFrom("audit").selectAll().where("action", "=", "area.move").execute();
    expect(await lines()).toHaveLength(1);
    expect((await lines())[0]).toMatchObject({ object: "area:11", reason: "改建" });
    expect(await move(admin, 11, 2, 1)).toBe("moved");
    await expectClosed();
    expect([await boardOf(manager), await boardOf(other)]).toEqual([mine, theirs]);
    expect(await lines()).toHaveLength(2);
  });

  test("below itself, below what lies in it, at the top, into another project, beside its namesake, or by an old sight: refused", async () => {
    const before = await parents();
    expect(await move(admin, 1, 9, 1)).toBe("area_in_itself");
    expect(await move(admin, 1, 9, 111)).toBe("area_in_itself");
    expect(await move(admin, 9, 1, 1)).toBe("area_is_top");
    expect(await move(admin, 11, 1, 90)).toBe("area_not_found");
    expect(await move(admin, 11, 2, 12)).toBe("archive_changed");
    await db.transact((tx) => tx.updateTable("area").set({ name: "甲楼" }).where("id", "=", 12).execute());
    expect(await move(admin, 111, 11, 1)).toBe("moved");
    await db.transact((tx) => tx.updateTable("area").set({ name: "乙楼" }).where("id", "=", 111).execute());
    await db.transact((tx) => tx.updateTable("area").set({ name: "乙楼" }).where("id", "=", 12).execute());
    expect(await move(admin, 12, 1, 11)).toBe("moved");
    expect(await move(admin, 111, 1, 11)).toBe("area_name_taken");
    await db.transact((tx) => tx.updateTable("area").set({ name: "一层" }).where("id", "=", 111).execute());
    expect(await move(admin, 12, 11, 1)).toBe("moved");
    expect(await move(admin, 111, 1, 11)).toBe("moved");
    expect(await parents()).toEqual(before);
    for (const [url, body] of [
      ["/api/areas/0/move", { parentId: 1, seenParentId: 9, reason: "x" }],
      ["/api/areas/11/move", { parentId: 1, seenParentId: 1, reason: " " }],
      ["/api/areas/11/move", { parentId: "1 or 1=1", seenParentId: 1, reason: "x" }],
      ["/api/areas/11/move", { parentId: -1, seenParentId: 1, reason: "x" }],
    ] as const)
      expect((await app.inject(asked(admin, "POST", url, body))).statusCode).toBeGreaterThanOrEqual(400);
    expect(await parents()).toEqual(before);
    await expectClosed();
  });

  test("a scope moves inside itself alone: its own top stays, nothing leaves it, nothing foreign is told from nothing", async () => {
    expect((await tree(manager)).filter((area) => area.movable).map((area) => area.areaId)).toEqual([11, 12, 111]);
    expect((await tree(manager)).map((area) => area.areaId)).not.toContain(21);
    expect(await move(manager, 1, 9, 9)).toBe("area_not_found");
    expect(await move(manager, 1, 9, 12)).toBe("area_is_top");
    expect(await move(manager, 11, 1, 2)).toBe("area_not_found");
    for (const id of [21, 2, 90, 4_711]) expect(await move(manager, id, 2, 1)).toBe("area_not_found");
    for (const id of [21, 4_711]) {
      const answer = await app.inject(asked(manager, "GET", `/api/areas/${id}/move-preview?parentId=1`));
      expect([answer.statusCode, answer.json().code]).toEqual([404, "area_not_found"]);
    }
    expect(await move(manager, 11, 1, 12)).toBe("moved");
    expect(await move(manager, 11, 12, 1)).toBe("moved");
    const viewer = await enrol(db, { permissions: ["board.view", "meter.view", "archive.import"] });
    expect(await move(viewer, 11, 1, 12)).toBe("forbidden");
    await expectClosed();
  });

  test("two who move two areas below each other at once: one is refused, and the tree stays a tree", async () => {
    for (let round = 0; round < 5; round++) {
      const outcomes = await Promise.all([move(admin, 11, 1, 12), move(admin, 12, 1, 11)]);
      expect(outcomes.toSorted()).toEqual(["area_in_itself", "moved"]);
      await expectClosed();
      const above = await parents();
      const [inner, outer] = above.get(11) === 12 ? [11, 12] : [12, 11];
      expect(await move(admin, inner, outer, 1)).toBe("moved");
    }
  });

  test(`whatever is moved anywhere, closure and parents agree (seed ${seed})`, async () => {
    const random = stream(seed);
    const ids = HOUSES.map(([id]) => id);
    const pick = () => ids[Math.floor(random() * ids.length)] ?? 9;
    const outcomes = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const [area, to] = [pick(), pick()];
      outcomes.add(await move(admin, area, (await parents()).get(area) ?? 9, to));
      await expectClosed();
    }
    expect([...outcomes].sort()).toEqual(expect.arrayContaining(["area_in_itself", "area_is_top", "moved"]));
  });
});
