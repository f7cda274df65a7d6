import { AppError, type ErrorCode, type ErrorDetails } from "#base/errors.ts";
import { formatMoney, money, parseMoney } from "#base/units.ts";
import type { ImportRow } from "#domain/import-fault.ts";
import type { MasterPlace } from "#domain/loss.ts";
import { countUp, expandPattern } from "#domain/number-range.ts";
import { profileOf } from "#protocol/profiles.ts";
import { creditHome } from "./add-meter.ts";
import { areaId, areaOf, each, isFirst, type MeterWish, type Planning } from "./import-planning.ts";
import { type NamedPrices, priceOfRow, seesPrices } from "./import-prices.ts";
import { type MeterSeen, unitsText } from "./import-seen.ts";
import { indexTyped } from "./index-typed.ts";
import { checkProfile } from "./meter-profile.ts";

/** New meters of one file: as many as rows. */
const METERS_MAX = 50_000;
const RANGE_MAX = 500;
/** Addresses as they are printed, by protocol. */
const ADDRESS_DIGITS = { cjt188: 14, "dlt645-2007": 12, "dlt645-1997": 12 } as const;

type Given = {
  rows: readonly ImportRow[];
  customers: readonly ImportRow[];
  prices: NamedPrices;
  /** Nobody moves in later than this. */
  today: string;
};
type Customer = { number: string; name: string; phone: string; row: ImportRow | null };
/** What is said about meters so far: who takes which address, and how much room is left. */
type Places = {
  customers: Map<string, Customer>;
  used: Set<string>;
  /** `concentrator/bus/address` → the row of the file, or the label of a meter that is there. */
  addresses: Map<string, { row: number } | { label: string }>;
  left: Map<string, number>;
  buses: Map<string, number>;
  gateways: Map<string, { concentrator: string; bus: number; address: string; isBehind: boolean }>;
  meters: number;
};

/** Plans the sheet of meters with their customers, who come to be by moving in. */
export async function planMeters(to: Planning, given: Given): Promise<void> {
  const places = placesOf(to, given);
  await each(to, given.rows, (_, row) => noteGateway(places, row));
  await each(to, given.rows, (_, row) => planRow(to, row, given, places));
  for (const row of given.customers) {
    if (to.wrong.has(`${row.sheet}/${row.row}`)) continue;
    const number = row.values.number ?? "";
    if (places.customers.get(number)?.row !== row) continue;
    const isKnown = to.seen.customers.has(number);
    if (isKnown) to.count("customers", "same");
    else if (places.used.has(number)) to.count("customers", "add");
    else to.fault(row, "number", "import_customer_idle");
  }
  // Gateways first: whoever hangs behind one finds it.
  const isBehind = (change: (typeof to.changes)[number]) => change.do === "meter" && change.wish.gateway !== null;
  const behind = to.changes.filter(isBehind);
  if (behind.length > 0) to.changes.push(...to.changes.splice(0).filter((change) => !isBehind(change)), ...behind);
}

function placesOf(to: Planning, given: Given): Places {
  const codes = new Map([...to.seen.concentrators.values()].map((row) => [row.id, row.code]));
  const places: Places = {
    customers: new Map(),
    used: new Set(),
    addresses: new Map(),
    left: new Map(),
    buses: new Map(),
    gateways: new Map(),
    meters: 0,
  };
  for (const row of to.seen.concentrators.values()) {
    if (row.retired_at !== null || !to.seen.paths.has(row.area_id)) continue;
    if (!to.concentrators.has(row.code)) to.concentrators.set(row.code, { id: row.id, link: row.link_kind, left: 0 });
    places.left.set(row.code, row.meters_max);
  }
  for (const [code, each] of to.concentrators) if (each.id === null) places.left.set(code, each.left);
  for (const meter of to.seen.behind) {
    const code = codes.get(meter.concentrator_id) ?? "";
    places.addresses.set(`${code}/${meter.bus}/${meter.address}`, { label: meter.label });
    places.left.set(code, (places.left.get(code) ?? 0) - 1);
    places.buses.set(code, meter.bus);
    const { bus, address, gateway_id } = meter;
    places.gateways.set(meter.number, { concentrator: code, bus, address, isBehind: gateway_id !== null });
  }
  for (const row of given.customers) noteCustomer(to, row, places);
  return places;
}

function noteCustomer(to: Planning, row: ImportRow, places: Places): unknown {
  if (to.wrong.has(`${row.sheet}/${row.row}`)) return false;
  const { number = "", name = "", phone = "" } = row.values;
  if (!isFirst(to, row, "number", number)) return false;
  const known = to.seen.customers.get(number);
  if (known && !known.isSeen) return to.fault(row, "number", "customer_number_taken", { number });
  if (known && known.name !== name) return to.fault(row, "name", "import_customer_differs");
  if (known && phone !== "" && known.phone !== phone) return to.fault(row, "phone", "import_customer_differs");
  return places.customers.set(number, { number, name, phone: known?.phone ?? phone, row });
}

/** Meters of the file that others may hang behind. */
function noteGateway(places: Places, row: ImportRow): void {
  const { number = "", concentrator = "", bus = "1", address = "", gateway } = row.values;
  if (places.gateways.has(number)) return;
  places.gateways.set(number, { concentrator, bus: Number(bus), address, isBehind: gateway !== undefined });
}

function planRow(to: Planning, row: ImportRow, given: Given, places: Places): boolean {
  const path = areaOf(to, row);
  const { values } = row;
  const count = Number(values.count ?? 1);
  const ranges = rangesOf(to, row, count);
  if (ranges === null || path === null) return false;
  const faultsBefore = to.faults.length;
  const common = commonOf(to, row, { path, given, places });
  if (places.meters + count > METERS_MAX) return to.fault(row, "count", "import_rows_many", { max: METERS_MAX });
  places.meters += count;
  let [adds, changes] = [0, 0];
  for (let i = 0; i < count; i++) {
    const number = ranges.numbers[i] ?? "";
    if (!isFirst(to, row, "number", number)) return false;
    const own = { number, address: ranges.addresses[i] ?? "", room: ranges.rooms[i] ?? "", label: ranges.labels[i] };
    const known = to.seen.meters.get(number);
    if (known === null) return to.fault(row, "number", "meter_number_taken", { number });
    if (known !== undefined) {
      if (compare(to, row, { known, own, path, prices: given.prices })) changes++;
      if (to.faults.length > faultsBefore) return false;
      continue;
    }
    const exchangeNo = to.seen.exchanged.get(number);
    if (exchangeNo !== undefined) return to.fault(row, "number", "import_meter_exchanged", { number, exchangeNo });
    if (common === null || to.faults.length > faultsBefore) return false;
    const wish: MeterWish = { ...common.wish, ...own, label: own.label ?? own.room };
    if (!isPossible(to, row, wish, places)) return false;
    adds++;
    to.changes.push({ sheet: "meters", row: row.row, do: "meter", wish });
  }
  for (let i = 0; i < adds; i++) to.count("meters", "add");
  for (let i = 0; i < changes; i++) to.count("meters", "change");
  for (let i = adds + changes; i < count; i++) to.count("meters", "same");
  return true;
}

/** The numbers, addresses and names of a row that stands for several meters; null and a fault when they do not go together. */
function rangesOf(to: Planning, row: ImportRow, count: number) {
  const { number = "", address = "", room = "", label } = row.values;
  const numbers = countUp(number, count);
  const addresses = countUp(address, count);
  if (numbers === null) to.fault(row, "number", "import_range_number", { value: number });
  if (addresses === null) to.fault(row, "address", "import_range_number", { value: address });
  const named = (key: string, pattern: string) => {
    if (count === 1) return [pattern];
    const names = expandPattern(pattern, RANGE_MAX);
    if (names === null || names.length === 1) to.fault(row, key, "import_range_pattern", { pattern });
    else if (names.length !== count) to.fault(row, key, "import_range_count", { pattern, count, given: names.length });
    else return names;
    return null;
  };
  const rooms = named("room", room);
  const labels = label === undefined ? [] : named("label", label);
  if (numbers === null || addresses === null || rooms === null || labels === null) return null;
  return { numbers, addresses, rooms, labels };
}

type Common = { wish: Omit<MeterWish, "number" | "address" | "room" | "label"> };

/** What all meters of a row share, filled in; null and faults when it cannot be. */
function commonOf(
  to: Planning,
  row: ImportRow,
  { path, given, places }: { path: string; given: Given; places: Places },
): Common | null {
  const { values } = row;
  if (to.seen.meters.get(values.number ?? "")) return null; // in use: only compared
  const profile = profileOf(values.profile ?? "");
  if (profile === undefined || (profile.kind !== "electricity" && profile.kind !== "water")) {
    to.fault(row, "profile", "profile_unknown", { profile: values.profile ?? "" });
    return null;
  }
  const address = values.address ?? "";
  const wanted = ADDRESS_DIGITS[profile.protocol];
  if (row.numbers?.includes("address") && address.length < wanted)
    to.fault(row, "address", "import_cell_zeros", { value: address, digits: address.length, wanted });
  const ratio = Number(values.ratio ?? 1);
  const price = priceOfRow(to, row, profile.kind, given.prices);
  const box = boxOf(to, row, path);
  const tenant = tenantOf(to, row, given, places);
  if (values.lowCredit !== undefined) tryTyped(to, row, "lowCredit", () => indexTyped(values.lowCredit ?? ""));
  // Whatever the register shows above it is charged to whoever lives there: that is never guessed.
  if (values.openIndex === undefined && values.customer !== undefined)
    to.fault(row, "openIndex", "import_cell_missing", { column: "openIndex" });
  if (values.openIndex !== undefined) tryTyped(to, row, "openIndex", () => indexTyped(values.openIndex ?? ""));
  const masterOf = masterOfRow(row);
  if (masterOf === "box" && box === null) return missingBox(to, row, values.number ?? "");
  if (price === null || box === false || tenant === false) return null;
  return {
    wish: {
      area: path,
      profile: profile.name,
      kind: profile.kind,
      concentrator: values.concentrator ?? "",
      bus: Number(values.bus ?? 1),
      gateway: values.gateway ?? null,
      mode: (values.mode ?? "prepaid") as MeterWish["mode"],
      switchKind: (values.switchKind ?? profile.switch?.kind ?? "none") as MeterWish["switchKind"],
      closesBy: (values.closesBy ?? (profile.switch?.closing === "by_button" ? "button" : "direct")) as "direct",
      price,
      ratio,
      openIndex: values.openIndex ?? "0",
      powerMaxW: values.powerMaxW === undefined ? null : Number(values.powerMaxW),
      lowCreditWh: values.lowCredit === undefined ? null : Math.round(Number(values.lowCredit) * 1000),
      box,
      masterOf: masterOf ?? null,
      tenant,
    },
  };
}

function tryTyped(to: Planning, row: ImportRow, key: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    to.fault(row, key, error.code, error.details);
  }
}

/** What a row says of master meters (总表); undefined when it says nothing. */
function masterOfRow({ values }: ImportRow): MasterPlace | null | undefined {
  const { masterOf } = values;
  return masterOf === undefined ? undefined : masterOf === "box" || masterOf === "area" ? masterOf : null;
}

function missingBox(to: Planning, row: ImportRow, label: string): null {
  to.fault(row, "masterOf", "meter_not_in_box", { label });
  return null;
}

/** The box of a row; false and a fault when there is none of that name. */
function boxOf(to: Planning, row: ImportRow, path: string): string | null | false {
  const { box } = row.values;
  if (box === undefined) return null;
  const id = areaId(to, path);
  const isThere = (id !== null && to.seen.boxes.has(`${id}/${box}`)) || to.made.boxes.has(`${path}\n${box}`);
  return isThere ? box : to.fault(row, "box", "import_box_unknown", { box });
}

function tenantOf(to: Planning, row: ImportRow, given: Given, places: Places): MeterWish["tenant"] | false {
  const { customer: number, from } = row.values;
  if (number === undefined) return null;
  if (from !== undefined && from > given.today) return to.fault(row, "from", "move_in_day_invalid");
  const known = to.seen.customers.get(number);
  const said = places.customers.get(number) ?? (known?.isSeen ? { ...known, row: null } : undefined);
  if (said === undefined) return to.fault(row, "customer", "import_customer_unknown", { number });
  places.used.add(number);
  return { number, name: said.name, phone: said.phone, from: from ?? null };
}

/** What the flow that enters a meter would refuse, as far as it can be known before. */
function isPossible(to: Planning, row: ImportRow, wish: MeterWish, places: Places): boolean {
  const say = (key: string, code: ErrorCode, details?: ErrorDetails) => to.fault(row, key, code, details);
  try {
    checkProfile({ ...wish, creditAt: creditHome(wish), purchaseCount: 0 });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const isAddress = !/^(\d{12}|\d{14})$/.test(wish.address);
    return say(isAddress ? "address" : "profile", error.code, error.details);
  }
  const concentrator = to.concentrators.get(wish.concentrator);
  if (concentrator === undefined)
    return say("concentrator", "import_concentrator_unknown", { code: wish.concentrator });
  const left = places.left.get(wish.concentrator) ?? 0;
  if (left <= 0) {
    const max = to.seen.concentrators.get(wish.concentrator)?.meters_max ?? concentrator.left;
    return say("concentrator", "concentrator_full", { max });
  }
  const bus = places.buses.get(wish.concentrator);
  if (concentrator.link === "transparent" && bus !== undefined && bus !== wish.bus)
    return say("bus", "channel_one_bus");
  const place = `${wish.concentrator}/${wish.bus}/${wish.address}`;
  const other = places.addresses.get(place);
  if (other !== undefined) {
    const { address } = wish;
    if ("row" in other) return say("address", "import_address_twice", { address, row: other.row });
    return say("address", "meter_address_taken", { address, label: other.label });
  }
  if (wish.gateway !== null) {
    const gateway = places.gateways.get(wish.gateway);
    const fits =
      gateway !== undefined &&
      gateway.concentrator === wish.concentrator &&
      gateway.bus === wish.bus &&
      !gateway.isBehind &&
      wish.gateway !== wish.number &&
      /^\d{12}$/.test(gateway.address);
    if (!fits) return say("gateway", "import_gateway_unknown", { number: wish.gateway });
  }
  places.left.set(wish.concentrator, left - 1);
  places.buses.set(wish.concentrator, wish.bus);
  places.addresses.set(place, { row: row.row });
  return true;
}

type Compared = {
  known: MeterSeen;
  own: { number: string; address: string; room: string; label: string | undefined };
  path: string;
  prices: NamedPrices;
};

/** Compares a row with a meter in use: its name, its box and what it is the master meter of may change, anything else has a page of its own. True when it changes. */
function compare(to: Planning, row: ImportRow, { known, own, path, prices }: Compared): boolean {
  const { values } = row;
  if (known.retired_at !== null) return to.fault(row, "number", "meter_retired");
  const differs = (key: string, now: string | number | null, page?: string) => {
    const shown = now ?? "—";
    if (page === undefined) return to.fault(row, key, "import_meter_fixed", { column: key, now: shown });
    return to.fault(row, key, "import_meter_differs", { column: key, now: shown, page });
  };
  const area = to.seen.paths.get(known.area_id) ?? "";
  if (path !== area) return differs("area", area);
  if (known.room !== null && own.room !== known.room) return differs("room", known.room);
  const said: readonly [key: string, now: string | number | null, page?: string][] = [
    ["profile", known.profile, "protocol"],
    ["switchKind", known.switch_kind, "protocol"],
    ["closesBy", known.closes_by, "protocol"],
    ["concentrator", known.concentrator, "move"],
    ["bus", known.bus, "move"],
    ["gateway", known.gateway, "move"],
    ["mode", known.mode, "mode"],
    ["ratio", known.ratio, "ratio"],
    ["openIndex", known.openIndex, "exchange"],
    ["powerMaxW", known.power_max_w],
    ["lowCredit", unitsText(known.low_credit_wh)],
    ["customer", known.customer, "tenancy"],
  ];
  if (own.address !== known.address) return differs("address", known.address, "protocol");
  for (const [key, now, page] of said) {
    const value = values[key];
    if (value === undefined || value === String(now ?? "")) continue;
    // Who may not look up customers does not learn them by guessing wrong.
    const isHidden = key === "customer" && !to.actor.permissions.has("customer.view");
    return differs(key, isHidden ? "***" : now, page);
  }
  const price = values.price ?? "";
  const amount = parseMoney(price, 4) ?? parseMoney(prices.get(price)?.price ?? "", 4);
  const isPrice = known.tariff === null ? amount === known.price_e4 : price === known.tariff;
  const shownPrice = seesPrices(to.actor) ? (known.tariff ?? formatMoney(money(known.price_e4))) : "***";
  if (price !== "" && !isPrice) return differs("price", shownPrice, "prices");
  const box = boxOf(to, row, path);
  if (box === false) return false;
  const { id, version } = known;
  const isRenamed = own.label !== undefined && own.label !== known.label;
  const isMoved = box !== null && box !== known.box;
  const masterOf = masterOfRow(row);
  if (masterOf === "box" && box === null && known.box === null) {
    missingBox(to, row, known.label);
    return false;
  }
  // Whoever moves the master meter of a box takes that from it.
  const isMaster =
    masterOf !== undefined && masterOf !== (isMoved && known.master_of === "box" ? null : known.master_of);
  if (isRenamed) {
    to.changes.push({ sheet: "meters", row: row.row, do: "meter_label", id, version, label: own.label ?? "" });
  }
  if (isMoved)
    to.changes.push({ sheet: "meters", row: row.row, do: "meter_box", id, version, area: path, box: box ?? "" });
  if (isMaster) {
    const label = own.label ?? known.label;
    to.changes.push({
      sheet: "meters",
      row: row.row,
      do: "meter_master",
      id,
      version,
      label,
      masterOf: masterOf ?? null,
    });
  }
  return isRenamed || isMoved || isMaster;
}
