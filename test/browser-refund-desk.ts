import type { Page } from "playwright-core";
import { expect } from "vitest";
import type { Refund } from "#contract/refunds.ts";
import type { FlowContext } from "#flows/context.ts";
import { besideServer } from "./browser-past.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import { openSite, type Site } from "./browser-site.ts";

/** What may be waited for on a busy machine. */
export const SOON_MS = 30_000;
/** Several people, each on a page of his own. */
export const STORY_MS = 90_000;

export type RefundTile = { meterId: number; number: string; label: string; creditAt: string | null; mode: string };
type People = Record<"cashier" | "finance" | "maintenance", Colleague>;

/** Something on the page in a state. */
export const hook = (name: string, state: string) => `[data-testid="${name}"][data-state="${state}"]`;

/**
 * A site with the people who have to do with refunds, what they do on its pages, and what meters and books say of it. `start` before the
 * first story, `tidy` after each, `close` after the last.
 */
export function refundDesk() {
  let site: Site;
  let db: FlowContext["db"];
  let tiles: RefundTile[] = [];
  const pages: Page[] = [];

  async function start(): Promise<{ site: Site; people: People; ctx: FlowContext }> {
    site = await openSite();
    ({ tiles } = await site.ask<{ tiles: RefundTile[] }>("/api/board"));
    const beside = await besideServer(site.database);
    db = beside.db;
    const people = {
      cashier: await colleague(db, { role: "cashier", name: "王收费" }),
      finance: await colleague(db, { role: "finance", name: "李会计" }),
      maintenance: await colleague(db, { role: "maintenance", name: "赵师傅" }),
    };
    return { site, people, ctx: beside.ctx };
  }
  async function close(): Promise<void> {
    await db?.close();
    await site?.close();
  }
  async function tidy(): Promise<void> {
    for (const page of pages.splice(0)) await page.context().close();
    expect(site.complaints()).toEqual([]);
  }
  async function open(options: Parameters<Site["open"]>[0]): Promise<Page> {
    const page = await site.open(options);
    page.setDefaultTimeout(SOON_MS);
    pages.push(page);
    return page;
  }
  function tileOf(label: string): RefundTile {
    const tile = tiles.find((each) => each.label === label);
    if (tile === undefined) throw new Error(`no meter ${label}`);
    return tile;
  }
  /** A prepaid meter whose credit is on the server. */
  function serverTile(): RefundTile {
    const tile = tiles.find((each) => each.creditAt === "server" && each.mode === "prepaid");
    if (tile === undefined) throw new Error("no account on the server");
    return tile;
  }
  const refundsOf = async ({ meterId }: RefundTile) =>
    (await site.ask<{ items: Refund[] }>(`/api/refunds?meterId=${meterId}`)).items;
  const refundOf = (refundNo: string) => site.ask<Refund>(`/api/refunds/${refundNo}`);

  /** What the meter itself remembers: top-ups and deductions in Wh, and how often it was told. */
  async function meterOf({ meterId }: RefundTile) {
    const { address } = await site.ask<{ address: string }>(`/api/meters/${meterId}`);
    const meter = (await site.snapshot()).meters.find((each) => each.address === address);
    if (meter === undefined) throw new Error(`no meter ${address} in the town`);
    return { count: meter.purchaseCount, taken: meter.topUps.map(({ amount }) => amount * 10) };
  }
  /** What the books have on accounts of a kind, in 1/10000 yuan; what still waits for a meter does not count. */
  async function posted(kind: string): Promise<number> {
    const rows = await db.read
      .selectFrom("ledger_entry")
      .innerJoin("ledger_transfer", "ledger_transfer.id", "ledger_entry.transfer_id")
      .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_transfer.id")
      .select(["ledger_entry.amount_e4", "ledger_transfer.pending", "ledger_resolution.outcome"])
      .where("ledger_entry.account_id", "like", `${kind}:%`)
      .execute();
    const counted = rows.filter((row) => row.pending === 0 || row.outcome === "posted");
    return counted.reduce((sum, row) => sum + row.amount_e4, 0);
  }
  async function expectBooksRight(): Promise<void> {
    expect(await site.books()).toMatchObject({ ok: true, sumE4: 0, problems: [] });
  }
  /** The browser's own lines about what the server refused, and no others. */
  function onlyRefusals(): void {
    expect(site.complaints().filter((line) => !line.includes("409 (Conflict)"))).toEqual([]);
  }

  async function pay(page: Page, tile: RefundTile, amount: string): Promise<string> {
    await page.goto(`${site.base}/recharge?meter=${tile.meterId}`);
    await page.getByTestId("recharge-form").waitFor();
    return payHere(page, amount);
  }
  async function payHere(page: Page, amount: string): Promise<string> {
    await page.getByTestId("amount").fill(amount);
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    await page.getByTestId("confirm-pay").click();
    const order = page.locator(hook("order", "confirmed"));
    await order.waitFor();
    return (await order.getAttribute("data-order")) ?? "";
  }
  /** From the open form to the dialog that asks for the last time. */
  async function fillIn(page: Page, quantity: string, why: string): Promise<void> {
    await page.getByTestId("refund-quantity").fill(quantity);
    await page.getByTestId("refund-reason").fill(why);
    await page.locator('[data-testid="refund-open"]:enabled').click();
    await page.getByTestId("refund-send").waitFor();
  }
  /** The number of the refund that the page shows. */
  async function asked(page: Page): Promise<string> {
    await page.getByTestId("refund").waitFor();
    return (await page.getByTestId("refund").getAttribute("data-refund")) ?? "";
  }

  return {
    ...{ start, tidy, close, open, tileOf, serverTile, refundsOf, refundOf, meterOf, posted },
    ...{ expectBooksRight, onlyRefusals, pay, payHere, fillIn, asked },
  };
}
