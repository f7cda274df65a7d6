import readSheet from "read-excel-file/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { maskerOf, phoneText, pricedYuan } from "#contract/masked.ts";
import { maskPhone } from "#domain/field-mask.ts";
import { permissions } from "#domain/permission.ts";
import { testDatabases } from "#store/test-databases.ts";
import { matrix } from "./test-access-matrix.ts";
import { accessTown, type Town } from "./test-access-town.ts";
import { asked } from "./test-town.ts";

/** Telephones of the town: `13800000011` and the like. */
const PHONE = /138000000[12][12]/;
/** Fields that tell a price, by how contracts call them. */
const PRICES = new Set(["priceYuan", "price", "cost", "costPerDay", "usedYuan", "charge"]);
const WORTHS: Readonly<Record<string, string>> = {
  ...{ remainingYuan: "remainingWh", leftYuan: "leftWh", brought: "broughtWh", share: "shareWh" },
};
/** Where prices are the business itself: prices, sales, shares and settlements have permissions of their own. */
const SOLD = /^\/api\/(prices|price-changes|tariffs|recharges|payments|shares|hvac|move-outs|setup|approvals)/;

describe("a masker", () => {
  const hidden = new Set(["phone", "price"] as const);

  test("finds fields in lists, in what may be missing and in every form of an answer", () => {
    const answer = z.object({
      who: z.object({ phone: phoneText, name: z.string() }).nullable(),
      rows: z.array(z.object({ cost: pricedYuan.optional(), kwh: z.number() })),
      either: z.union([z.object({ kind: z.literal("a"), phone: phoneText }), z.object({ kind: z.literal("b") })]),
    });
    const whole = {
      who: { phone: "13800000011", name: "甲" },
      rows: [{ cost: "1.00", kwh: 1 }, { kwh: 2 }],
      either: { kind: "a", phone: "13800000012" },
    };
    const before = structuredClone(whole);
    expect(maskerOf(answer)?.(whole, hidden)).toEqual({
      who: { phone: "138****0011", name: "甲" },
      rows: [{ cost: null, kwh: 1 }, { kwh: 2 }],
      either: { kind: "a", phone: "138****0012" },
    });
    expect(whole).toEqual(before);
    expect(maskerOf(answer)?.(whole, new Set())).toBe(whole);
    expect(maskerOf(answer)?.({ ...whole, who: null, either: { kind: "b" } }, hidden)).toMatchObject({
      who: null,
      either: { kind: "b" },
    });
  });

  test("is none where nothing is masked, and refuses where it would not look", () => {
    expect(maskerOf(z.object({ name: z.string() }))).toBeNull();
    expect(() => maskerOf(z.object({ all: z.record(z.string(), phoneText) }))).toThrow("record");
    expect(() => maskerOf(z.union([phoneText, z.array(phoneText)]))).toThrow("objects");
  });
});

describe.each(testDatabases.filter(({ available }) => available))("on $name", ({ name }) => {
  let town: Town;
  beforeAll(async () => {
    town = await accessTown(name);
  });
  afterAll(() => town.close());

  const looks = matrix.filter(
    ([method, path, access]) =>
      method === "GET" &&
      access !== "public" &&
      path !== "/api/live" &&
      // Nobody asked for one here; and the file of a job, whose tables are those of the other files, is made up.
      path !== "/api/approvals/:id" &&
      path !== "/api/exports/:id/file" &&
      access !== "price.see",
  );
  const but = permissions.filter((each) => each !== "contact.full" && each !== "price.see");

  test.each(looks)("%s %s tells no telephone and no price to whoever may not see them", async (...line) => {
    const { user, method, url, body } = await town.readied(line, but);
    const answer = await town.app.inject(asked(user, method, url, body));
    expect(answer.statusCode, answer.body).toBeLessThan(300);
    const text = answer.headers["content-type"]?.includes("spreadsheet")
      ? JSON.stringify(await readSheet(answer.rawPayload))
      : answer.body;
    expect(text).not.toMatch(PHONE);
    if (!SOLD.test(line[1]) && text.startsWith("{")) expect(pricesIn(JSON.parse(text))).toEqual([]);
  });

  test("with the permissions both are told; telephones are found by all digits or the last four, prices are told apart", async () => {
    const { app } = town;
    const ask = async (may: readonly (typeof permissions)[number][], path: string) =>
      (
        await app.inject(asked((await town.readied(["GET", "/api/customers", "customer.view"], may)).user, "GET", path))
      ).json();
    const whole = await ask(permissions, "/api/customers/11");
    expect([whole.phone, typeof whole.meters[0].priceYuan]).toEqual(["13800000011", "string"]);
    const noPhone = await ask(["customer.view", "price.see"], "/api/customers/11");
    expect([noPhone.phone, noPhone.meters[0].priceYuan]).toEqual([maskPhone("13800000011"), whole.meters[0].priceYuan]);
    const noPrice = await ask(["customer.view", "contact.full"], "/api/customers/11");
    expect([noPrice.phone, noPrice.meters[0].priceYuan]).toEqual(["13800000011", null]);
    const found = async (search: string) => {
      const { items } = await ask(["customer.view"], `/api/customers?search=${search}`);
      return items.map((each: { customerId: number }) => each.customerId);
    };
    expect(await found("13800000011")).toEqual([11]);
    expect(await found("0011")).toContain(11);
    // No digit more than everybody may see can be found out one by one.
    for (const part of ["800000011", "3800000011", "1380000001", "138"]) expect(await found(part), part).toEqual([]);
  });

  test("an archive that is taken out leaves prices empty for whoever may not see them", async () => {
    const text = async (may: readonly (typeof permissions)[number][]) => {
      const { user, method, url } = await town.readied(["GET", "/api/imports/archive", "archive.import"], may);
      return JSON.stringify(await readSheet((await town.app.inject(asked(user, method, url))).rawPayload));
    };
    expect(await text(["archive.import", "price.see"])).toContain("0.80");
    expect(await text(["archive.import"])).not.toContain("0.80");
  });

  test("what credit in a meter is worth is hidden on the board and on the live channel, money on the server is not", async () => {
    const { user: seer } = await town.readied(["GET", "/api/board", "board.view"], ["board.view", "price.see"]);
    const { user: other } = await town.readied(["GET", "/api/board", "board.view"], ["board.view"]);
    const worths = async (user: typeof seer) => {
      const { tiles } = (await town.app.inject(asked(user, "GET", "/api/board"))).json();
      return tiles.map((tile: { creditAt: string; remainingWh: number | null; remainingYuan: string | null }) => {
        return [tile.creditAt, tile.remainingWh !== null, tile.remainingYuan !== null];
      });
    };
    expect(await worths(seer)).toContainEqual(["meter", true, true]);
    const hidden = await worths(other);
    expect(hidden).toContainEqual(["meter", true, false]);
    expect(hidden).toContainEqual(["server", true, true]);
    expect(await worths(seer)).toContainEqual(["meter", true, true]);
  });

  test("files leave the columns of prices out and mask telephones", async () => {
    const { app } = town;
    const file = async (may: readonly (typeof permissions)[number][], path: string) => {
      const { user } = await town.readied(["GET", "/api/reports/current", "report.view"], may);
      return JSON.stringify(await readSheet((await app.inject(asked(user, "GET", path))).rawPayload));
    };
    const path = "/api/reports/running-out/export?show=unknown";
    expect(await file(permissions, path)).toMatch(PHONE);
    expect(await file(["report.view", "customer.view"], path)).toMatch(/138\*\*\*\*00\d\d/);
    expect(await file(permissions, "/api/reports/current/export")).toContain("单价");
    expect(await file(["report.view"], "/api/reports/current/export")).not.toContain("单价");
  });
});

/** Prices that an answer tells, by their way in it. */
function pricesIn(value: unknown, at = ""): string[] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, each]) => {
    if (PRICES.has(key) && each !== null && typeof each !== "object") return [`${at}.${key}`];
    // Units and what they are worth tell the price together.
    const units = (value as Record<string, unknown>)[WORTHS[key] ?? ""] ?? null;
    const isMoney = (value as Record<string, unknown>).creditAt === "server";
    if (units !== null && each !== null && !isMoney) return [`${at}.${key}`];
    return pricesIn(each, `${at}.${key}`);
  });
}
