import { AppError, assert } from "#base/errors.ts";
import { type Instant, instant } from "#base/time.ts";
import { cost, type Price, price, wh } from "#base/units.ts";
import { PURCHASE_NUMBER_MAX } from "#domain/command.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import { type ConcentratorLink, linkFault, placeFault, USUAL_LINK } from "#domain/link.ts";
import type { MeterMode } from "#domain/meter-mode.ts";
import { ensureChannel } from "#store/archive.ts";
import type { Tx } from "#store/db.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { addLot } from "#store/lots.ts";
import { newConcentrator } from "#store/new-concentrator.ts";
import type { MeterKind, SwitchKind } from "#store/schema-archive.ts";
import { nextNumbers } from "#store/sequences.ts";
import type { Sealer } from "#system/seal.ts";
import { addArea } from "./add-area.ts";
import { beginMeter } from "./begin-meter.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { customerFor, roomIn } from "./enroll-people.ts";
import { linkKeyPurpose } from "./meter-keys.ts";
import { checkProfile } from "./meter-profile.ts";
import { saveFirstRootKey } from "./root-keys.ts";

/** A site as its archive describes it: what is entered when a system is taken into use. */
export type SiteArchive = {
  project: string;
  /** Areas by name; the first part of a meter's label need not match. */
  areas: readonly { name: string; meters: readonly MeterArchive[] }[];
  concentrators: readonly ConcentratorArchive[];
  meterMasterKey: Uint8Array;
};

/** One concentrator of the archive. */
export type ConcentratorArchive = {
  code: string;
  name: string;
  /** Link key of JCP/1, 16 bytes; null for links without proof of identity. */
  key: Uint8Array | null;
  /** JCP/1 that dials in, when left out. */
  link?: ConcentratorLink;
};

/** One meter of the archive with its customer and what it holds when it is taken over. */
export type MeterArchive = {
  number: string;
  address: string;
  label: string;
  /** The room that it measures, shared by meters of several kinds; the label when left out. */
  room?: string;
  concentrator: string;
  bus: number;
  /** Number of the gateway meter (网关表) behind which it hangs. */
  gateway?: string | null;
  kind: MeterKind;
  profile: string;
  mode: MeterMode;
  switchKind: SwitchKind;
  closesBy: "direct" | "button";
  creditAt: "meter" | "server";
  priceE4: number;
  ratio: number;
  powerMaxW: number;
  lowCreditWh: number;
  /** `number` is the account's (户号), which the meter knows; meters whose customers have the same `code` belong to one customer. */
  customer: { name: string; phone: string; number: string; code?: string };
  /** What the register shows when it is taken over: usage is charged from here. */
  openingIndexWh: number;
  /** Purchase count that the meter shows when it is taken over. */
  purchaseCount: number;
  /** Units that it holds then (or that the account is owed, for credit on the server): booked against the opening account. */
  openingCreditWh: number;
};

/** Sealed where a link has no key. Registration by key asks for the kind of link, so nobody gets in with it. */
const NO_KEY = new Uint8Array(0);

/**
 * Takes a site into use: areas, rooms, customers, accounts, concentrators, meters, and the credit that meters already hold,
 * booked against the project's opening account so that the books start balanced. False when this project is there
 * already: nothing is changed then.
 */
export async function enrollSite(ctx: FlowContext, sealer: Sealer, archive: SiteArchive): Promise<boolean> {
  checkLinks(archive);
  await saveFirstRootKey(ctx, sealer, archive.meterMasterKey);
  return decide(ctx.db, async (tx) => {
    const existing = await tx.selectFrom("project").select("id").where("name", "=", archive.project).executeTakeFirst();
    if (existing) return false;
    await enterSite(ctx, tx, sealer, { archive, projectId: await nextNumbers(tx, "project") });
    return true;
  });
}

/** Enters all of a site as a project of this number, which is new. */
export async function enterSite(
  ctx: FlowContext,
  tx: Tx,
  sealer: Sealer,
  { archive, projectId }: { archive: SiteArchive; projectId: number },
): Promise<void> {
  checkLinks(archive);
  const now = ctx.clock();
  await tx.insertInto("project").values({ id: projectId, name: archive.project }).execute();
  const rootId = await addArea(tx, { projectId, parent: null, name: archive.project, sort: 0 });
  const concentrators = await addConcentrators(tx, sealer, { projectId, areaId: rootId, archive });
  const meterIds = new Map<string, number>();
  let sort = 0;
  for (const area of archive.areas) {
    const areaId = await addArea(tx, { projectId, parent: rootId, name: area.name, sort: ++sort });
    for (const meter of area.meters) {
      checkArchive(meter);
      const concentratorId = concentrators.get(meter.concentrator);
      assert(concentratorId !== undefined, `concentrator ${meter.concentrator} is in the archive`);
      const meterId = await enrollMeter(ctx, tx, { projectId, areaId, concentratorId, meter, now });
      meterIds.set(meter.number, meterId);
    }
  }
  await putBehindGateways(tx, archive, meterIds);
}

/** Links that could not be spoken over, meters that could not be reached. */
function checkLinks({ concentrators, areas }: SiteArchive): void {
  for (const { code, key, link = USUAL_LINK } of concentrators) {
    const fault = link.kind === "jichao" && key === null ? "key" : linkFault(code, link);
    if (fault !== null) throw new AppError("archive_wrong", { what: `${code} ${fault}` });
  }
  const kinds = new Map(concentrators.map(({ code, link = USUAL_LINK }) => [code, link.kind]));
  const meters = areas.flatMap((area) => area.meters);
  const places = meters.map((meter) => ({ ...meter, gateway: meter.gateway ?? null }));
  const fault = placeFault(places, (code) => kinds.get(code));
  if (fault !== null) throw new AppError("archive_wrong", { what: `${fault.meter} ${fault.why}` });
}

/** When all meters of the site have an id. */
async function putBehindGateways(tx: Tx, { areas }: SiteArchive, ids: ReadonlyMap<string, number>): Promise<void> {
  for (const { number, gateway } of areas.flatMap((area) => area.meters)) {
    if (gateway == null) continue;
    const [id, gatewayId] = [ids.get(number), ids.get(gateway)];
    assert(id !== undefined && gatewayId !== undefined, "meter and gateway were enrolled");
    await tx.updateTable("meter").set({ gateway_id: gatewayId }).where("id", "=", id).execute();
  }
}

/** What would only show later, at a recharge or a trip, is refused now. */
function checkArchive(meter: MeterArchive): void {
  const told = `meter ${meter.number}:`;
  // A meter behind transformers counts its own credit down unmultiplied: bought and used would part.
  assert(meter.ratio === 1 || meter.creditAt === "server", `${told} a ratio needs credit on the server`);
  assert(/^\d{12}$/.test(meter.customer.number), `${told} a customer number has 12 digits`);
  assert(meter.purchaseCount < PURCHASE_NUMBER_MAX, `${told} its purchase numbers are used up`);
  checkProfile(meter);
}

async function addConcentrators(
  tx: Tx,
  sealer: Sealer,
  input: { projectId: number; areaId: number; archive: SiteArchive },
): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for (const each of input.archive.concentrators) {
    const { link = USUAL_LINK } = each;
    const id = await nextNumbers(tx, "concentrator");
    ids.set(each.code, id);
    const row = newConcentrator({
      id,
      project_id: input.projectId,
      area_id: input.areaId,
      code: each.code,
      name: each.name,
      key_sealed: sealer.seal(each.key ?? NO_KEY, linkKeyPurpose(each.code)),
      link_kind: link.kind,
      direction: link.direction,
      host: link.address?.host ?? null,
      port: link.address?.port ?? null,
      trust: link.trust,
      channel: link.channel ?? "plain",
      dtu_packets: link.dtu === null ? null : JSON.stringify(link.dtu),
    });
    await tx.insertInto("concentrator").values(row).execute();
  }
  return ids;
}

type Enrolling = {
  projectId: number;
  areaId: number;
  concentratorId: number;
  meter: MeterArchive;
  now: Instant;
};

async function enrollMeter(ctx: FlowContext, tx: Tx, input: Enrolling): Promise<number> {
  const { projectId, areaId, concentratorId, meter, now } = input;
  const meterId = await nextNumbers(tx, "meter");
  const roomId = await roomIn(tx, { areaId, name: meter.room ?? meter.label });
  const { code, number, name, phone } = meter.customer;
  const customerId = await customerFor(tx, { projectId, number: code ?? number, name, phone, now });
  const accountId = await nextNumbers(tx, "account");
  await tx
    .insertInto("account")
    .values({
      id: accountId,
      customer_id: customerId,
      number: meter.customer.number,
      credit_at: meter.creditAt,
      overdraft_e4: 0,
      arrears_evaluations: 0,
      arrears_reading_at: 0,
      version: 0,
    })
    .execute();
  await tx
    .insertInto("meter")
    .values({
      id: meterId,
      project_id: projectId,
      area_id: areaId,
      room_id: roomId,
      box_id: null,
      account_id: accountId,
      number: meter.number,
      label: meter.label,
      kind: meter.kind,
      profile: meter.profile,
      address: meter.address,
      concentrator_id: concentratorId,
      bus: meter.bus,
      mode: meter.mode,
      switch_kind: meter.switchKind,
      closes_by: meter.closesBy,
      price_e4: meter.priceE4,
      ratio: meter.ratio,
      power_max_w: meter.powerMaxW,
      low_credit_wh: meter.lowCreditWh,
      supply_guard: 0,
      created_at: now,
      gateway_id: null,
      installation: 1,
      item_set_id: null,
      master_of: null,
      version: 0,
      retired_at: null,
    })
    .execute();
  await beginMeter(tx, {
    meterId,
    profile: meter.profile,
    indexWh: meter.openingIndexWh,
    remainingWh: meter.creditAt === "server" ? meter.openingCreditWh : null,
    purchaseCount: meter.purchaseCount,
    now,
  });
  await ensureChannel(tx, { concentratorId, bus: meter.bus, by: "system", at: now });
  await bookOpening(ctx, tx, { projectId, meterId, accountId, customerId, meter, now });
  return meterId;
}

type Opening = {
  projectId: number;
  meterId: number;
  accountId: number;
  customerId: number;
  meter: MeterArchive;
  now: Instant;
};

async function bookOpening(ctx: FlowContext, tx: Tx, input: Opening): Promise<void> {
  const { meterId, meter, now } = input;
  const at: Price = price(meter.priceE4);
  const inMeter = meter.creditAt === "meter";
  const credit: LedgerAccount = inMeter
    ? { kind: "meter_credit", ref: meterId }
    : { kind: "balance", ref: input.accountId };
  await openLedgerAccounts(tx, [
    credit,
    { kind: "wallet", ref: input.customerId },
    { kind: "debt", ref: input.customerId },
  ]);
  if (meter.openingCreditWh <= 0) return;
  const amount = cost(wh(meter.openingCreditWh), at);
  await bookTransfer(
    tx,
    postedTransfer({
      id: `opening:${meterId}`,
      kind: "opening",
      from: { kind: "opening", ref: input.projectId },
      to: credit,
      amount,
      actor: "system",
      meterId,
      memo: `${meter.openingCreditWh} Wh`,
    }),
    now,
  );
  if (!inMeter) return;
  await addLot(tx, {
    id: ctx.newId(instant(now)),
    meterId,
    unitsWh: meter.openingCreditWh,
    costE4: amount,
    orderNo: null,
    at: now,
  });
}
