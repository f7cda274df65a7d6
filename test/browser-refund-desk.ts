import type { Page } from "playwright-core";
import type { Refund } from "#contract/refunds.ts";
import type { FlowContext } from "#flows/context.ts";
import { type Colleague, colleague } from "./browser-people.ts";
import type { Site } from "./browser-site.ts";
import { expectBooksRight, hook, type Opened, type Stage, tileOf as tileIn } from "./browser-stories.ts";
import { postedOn } from "./posted.ts";

/** Several people, each on a page of his own. */

export type RefundTile = { meterId: number; number: string; label: string; creditAt: string | null; mode: string };
type People = Record<"cashier" | "finance" | "maintenance", Colleague>;

/**
 * The people who have to do with refunds, what they do on the pages of a site, and what meters and books say of it. `start` before the first
 * story.
 */
export function refundDesk({ open, refusals }: Stage) {
  let site: Site;
  let db: FlowContext["db"];
  let tiles: RefundTile[] = [];

  async function start(opened: Opened): Promise<{ site: Site; people: People; ctx: FlowContext }> {
    ({ site, db } = opened);
    ({ tiles } = await site.ask<{ tiles: RefundTile[] }>("/api/board"));
    const people = {
      cashier: await colleague(db, { role: "cashier", name: "王收费" }),
      finance: await colleague(db, { role: "finance", name: "李会计" }),
      maintenance: await colleague(db, { role: "maintenance", name: "赵师傅" }),
    };
    return { site, people, ctx: opened.ctx };
  }
  const tileOf = (label: string) => tileIn(tiles, label);
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
  const posted = (kind: string) => postedOn(db, kind);

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
    ...{ start, open, refusals, tileOf, serverTile, refundsOf, refundOf, meterOf, posted },
    ...{ expectBooksRight: () => expectBooksRight(site), pay, payHere, fillIn, asked },
  };
}
