import { DESK, openSite, PHONE } from "./browser-site.ts";

const site = await openSite();
try {
  const board = await site.ask<{ tiles: { meterId: number; number: string; label: string }[] }>("/api/board");
  const tile = (label: string) => board.tiles.find((t) => t.label === label)!;
  const page = await site.open({ as: "admin" });
  page.setDefaultTimeout(30000);
  for (const [label, amount] of [
    ["A座-0101", "100"],
    ["A座-0105", "60.5"],
    ["B座-0102", "2500"],
  ]) {
    await page.goto(`${site.base}/recharge?meter=${tile(label!).meterId}`);
    await page.getByTestId("amount").fill(amount!);
    await page.locator('[data-testid="open-confirm"]:enabled').click();
    if (amount === "2500") await page.getByTestId("confirm-large").click();
    await page.getByTestId("confirm-pay").click();
    await page.getByTestId("order").waitFor();
  }
  const { items } = await site.ask<{ items: { customerId: number; number: string }[] }>(
    "/api/customers?search=A座-0101",
  );
  const id = items[0]!.customerId;
  const customer = await site.ask<{ rooms: { roomId: number }[] }>(`/api/customers/${id}`);
  const room = customer.rooms[0]!.roomId;
  const orders = await site.ask<{ items: { paymentNo: string }[] }>("/api/recharges");
  for (const [name, size] of [
    ["desk", DESK],
    ["phone", PHONE],
  ] as const) {
    const p = await site.open({ as: "admin", size });
    p.setDefaultTimeout(30000);
    for (const [what, path, wait] of [
      ["records", "/records", "records"],
      ["customers", "/customers", "customers"],
      ["customer", `/customers/${id}`, "story"],
      ["statement", `/rooms/${room}/statement`, "statement"],
      ["shifts", "/shifts", "shifts"],
      ["shift", "/shifts/1", "close-shift"],
      ["split", `/recharge/split/${id}`, "split-form"],
      ["receipt", `/payments/${orders.items[0]!.paymentNo}`, "payment"],
      ["record", `/records/${orders.items[0]!.paymentNo}`, "receipt"],
      ["recharge", `/recharge`, "shift-bar"],
    ] as const) {
      await p.goto(site.base + path);
      await p.getByTestId(wait).waitFor();
      await p.waitForTimeout(400);
      await p.screenshot({ path: `/tmp/wt/shots/${name}-${what}.png`, fullPage: false });
      if (what === "record" && name === "desk") {
        await p.emulateMedia({ media: "print" });
        await p.screenshot({ path: `/tmp/wt/shots/print-roll.png` });
        await p.pdf({ path: "/tmp/wt/shots/roll.pdf", preferCSSPageSize: true });
        await p.emulateMedia({ media: null });
        await p.getByTestId("paper").getByText("A4").click();
        await p.pdf({ path: "/tmp/wt/shots/sheet.pdf", preferCSSPageSize: true });
      }
    }
    await p.context().close();
  }
  console.log(site.complaints());
} finally {
  await site.close();
}
