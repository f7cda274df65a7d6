import type { Readable } from "node:stream";
import type { Instant } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";
import {
  type ImportColumn,
  type ImportSheet,
  importColumns,
  importSheets,
  REMARK,
  sheetNames,
} from "#domain/import-sheets.ts";
import type { Actor } from "#domain/permission.ts";
import { unitsText } from "#flows/import-seen.ts";
import type { Tx } from "#store/db.ts";
import {
  areasByPath,
  type ImportedMeter,
  metersAfter,
  placesOfProject,
  tariffsByName,
  tariffsOfMeters,
} from "#store/import-snapshot.ts";
import { setupPrice } from "#store/setup.ts";
import { HELP_SHEETS } from "../excel-read/import-file.ts";
import { type BookColumn, type BookSheet, bookFile } from "./book.ts";

/** A model that the list offers. */
export type OfferedModel = { name: string; zh: string; kind: string; protocol: string };
type Values = Readonly<Record<string, string | number | null>>;
type Filled = Readonly<Record<ImportSheet, () => Iterable<Values> | AsyncIterable<Values>>>;

/** Meters read from the database at a time. */
const PAGE = 500;

/** The template with example rows, which are not imported. */
export function emptyTemplate(models: readonly OfferedModel[]): Readable {
  return bookFile([
    helpSheet(),
    ...importSheets.map((sheet) => dataSheet(sheet, models, examples[sheet])),
    modelSheet(models),
  ]);
}

/** The template with what is there now: taken in again unchanged, it changes nothing. Keys of links are never in it. */
export async function filledTemplate(
  tx: Tx,
  actor: Actor,
  of: { projectId: number; now: Instant; models: readonly OfferedModel[] },
): Promise<Readable> {
  const filled = await archiveRows(tx, actor, of);
  const rows = (sheet: ImportSheet) => lines(sheet, filled[sheet]());
  return bookFile([
    helpSheet(),
    ...importSheets.map((sheet) => dataSheet(sheet, of.models, rows(sheet))),
    modelSheet(of.models),
  ]);
}

async function* lines(sheet: ImportSheet, rows: Iterable<Values> | AsyncIterable<Values>): AsyncGenerator<string[]> {
  for await (const row of rows) yield ["", ...importColumns[sheet].map((column) => shown(column, row[column.key]))];
}

function shown(column: ImportColumn, value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "";
  return column.choices?.find((choice) => choice.value === value)?.zh ?? String(value);
}

async function archiveRows(tx: Tx, actor: Actor, of: { projectId: number; now: Instant }): Promise<Filled> {
  const { projectId, now } = of;
  const { scope } = actor;
  const areas = await areasByPath(tx, scope, projectId);
  const paths = new Map([...areas].flatMap(([path, ids]) => ids.map((id) => [id, path] as const)));
  const places = async (table: "room" | "box"): Promise<Values[]> =>
    [...(await placesOfProject(tx, table, projectId)).keys()].flatMap((key) => {
      const cut = key.indexOf("/");
      const area = paths.get(Number(key.slice(0, cut)));
      return area === undefined ? [] : [{ area, name: key.slice(cut + 1) }];
    });
  const [rooms, boxes] = [await places("room"), await places("box")];
  const concentrators = await tx
    .selectFrom("concentrator")
    .select(["code", "name", "area_id", "link_kind"])
    .where("project_id", "=", projectId)
    .where("retired_at", "is", null)
    .orderBy("id")
    .execute();
  const tariffs = await tariffsByName(tx, projectId, now);
  const names = new Map([...tariffs.values()].map((each) => [each.id, each.name]));
  const usual = usualPrices(await setupPrice(tx, projectId));
  const maySeeCustomers = actor.permissions.has("customer.view");
  // An empty cell leaves the telephone as it is when the file is imported again; a masked one would be none.
  const maySeePhones = actor.permissions.has("contact.full");
  const maySeeUnitPrices = actor.permissions.has("price.see") || actor.permissions.has("price.view");
  const maySeePrices = actor.permissions.has("price.view");

  async function* meters(): AsyncGenerator<ImportedMeter & { tariff: string | null }> {
    for (let after = 0; ; ) {
      const rows = await metersAfter(tx, { scope, projectId, after, limit: PAGE });
      const byTariff = await tariffsOfMeters(
        tx,
        rows.map((row) => row.id),
        now,
      );
      for (const row of rows) yield { ...row, tariff: names.get(byTariff.get(row.id) ?? 0) ?? null };
      if (rows.length < PAGE) return;
      after = rows.at(-1)?.id ?? after;
    }
  }
  async function* customers(): AsyncGenerator<Values> {
    if (!maySeeCustomers) return;
    const told = new Set<string>();
    for await (const meter of meters()) {
      if (meter.customer === null || told.has(meter.customer)) continue;
      told.add(meter.customer);
      yield { number: meter.customer, name: meter.customer_name, phone: maySeePhones ? meter.customer_phone : null };
    }
  }
  async function* meterValues(): AsyncGenerator<Values> {
    for await (const meter of meters()) {
      const area = paths.get(meter.area_id);
      if (area === undefined) continue;
      yield {
        ...{ number: meter.number, area, room: meter.room ?? meter.label, label: meter.label, profile: meter.profile },
        ...{ address: meter.address, concentrator: meter.concentrator, bus: meter.bus, gateway: meter.gateway },
        ...{ mode: meter.mode, switchKind: meter.switch_kind, closesBy: meter.closes_by, ratio: meter.ratio },
        price: maySeeUnitPrices ? (meter.tariff ?? formatMoney(money(meter.price_e4))) : null,
        powerMaxW: meter.power_max_w,
        lowCredit: unitsText(meter.low_credit_wh),
        box: meter.box,
        masterOf: meter.master_of,
        customer: maySeeCustomers ? meter.customer : null,
      };
    }
  }
  return {
    areas: () => [...areas.keys()].map((area) => ({ area })),
    rooms: () => rooms,
    boxes: () => boxes,
    concentrators: () =>
      concentrators.flatMap(({ code, name, area_id, link_kind: link }) => {
        const area = paths.get(area_id);
        return area === undefined ? [] : [{ code, name, area, link }];
      }),
    prices: () => {
      if (!maySeePrices) return [];
      const flat = [...tariffs.values()].flatMap(({ name, kind, terms }) =>
        terms?.kind === "flat" ? [{ name, kind, price: formatMoney(terms.price) }] : [],
      );
      return [...flat, ...usual.filter(({ name }) => !tariffs.has(name))];
    },
    customers,
    meters: meterValues,
  };
}

/** What was said to be usual when the project was set up, under names that rows may use. */
function usualPrices(row: Awaited<ReturnType<typeof setupPrice>>): { name: string; kind: string; price: string }[] {
  const line = (name: string, kind: string, e4: number | null | undefined) =>
    e4 == null ? [] : [{ name, kind, price: formatMoney(money(e4)) }];
  return [...line("电价", "electricity", row?.electricity_e4), ...line("水价", "water", row?.water_e4)];
}

function dataSheet(sheet: ImportSheet, models: readonly OfferedModel[], rows: BookSheet["rows"]): BookSheet {
  const columns = importColumns[sheet];
  const star = (column: ImportColumn, word: string) => (column.required ? `${word}*` : word);
  return {
    name: sheetNames[sheet].zh,
    columns: [{ width: 12 }, ...columns.map((column) => bookColumn(column, models.length))],
    heads: [
      [REMARK.zh, ...columns.map((column) => star(column, column.zh))],
      [REMARK.en, ...columns.map((column) => star(column, column.en))],
    ],
    rows,
    isNote: ([first]) => first?.startsWith("示例") ?? false,
  };
}

function bookColumn(column: ImportColumn, models: number): BookColumn {
  if (column.key === "profile") {
    return { width: column.width, choices: { range: `'${HELP_SHEETS.models.zh}'!$A$2:$A$${models + 1}` } };
  }
  return { width: column.width, ...(column.choices && { choices: column.choices.map((choice) => choice.zh) }) };
}

function modelSheet(models: readonly OfferedModel[]): BookSheet {
  return {
    name: HELP_SHEETS.models.zh,
    columns: [{ width: 24 }, { width: 40 }, { width: 12 }, { width: 16 }],
    heads: [["表型 / Model", "说明 / Name", "类别 / Kind", "规约 / Protocol"]],
    rows: models.map((model) => [
      model.name,
      model.zh,
      model.kind === "water" ? "水 / Water" : "电 / Electricity",
      model.protocol,
    ]),
  };
}

const rules: readonly (readonly [zh: string, en: string])[] = [
  [
    "每张工作表第 1 行是中文表头,第 2 行是英文表头;列可以换顺序,不用的列可以删去,带 * 的必须填。",
    "Row 1 of each sheet has Chinese headers, row 2 English ones; columns may change places, unused ones may be deleted, those with * are required.",
  ],
  ["“备注”列以“示例”开头的行不导入。", "Rows whose remark begins with “example” are not imported."],
  [
    "先上传检查,看清会新增、修改什么,确认后才写入;有一处错误就什么都不写。",
    "The file is checked first; nothing is written until you accept, and nothing at all while there is a mistake.",
  ],
  [
    "已有的表按表号、集中器按编号、片区按路径识别;同一文件再传一次不会重复。",
    "Meters are known by number, concentrators by code, areas by path; the same file again makes nothing twice.",
  ],
  [
    "在用表只能改名称和电表箱,其余不符会报错并指出该去的页面;空着的格表示不管。",
    "Of a meter in use only label and box may change; anything else is a mistake that names the page for it. Empty cells say nothing.",
  ],
  [
    "表号、地址、电话等长数字列请保持“文本”格式,不要从 CSV 粘贴。",
    "Keep columns of long numbers as “Text”; do not paste from CSV.",
  ],
];

function helpSheet(): BookSheet {
  const columns = importSheets.flatMap((sheet) =>
    importColumns[sheet].map((column) => [
      `${sheetNames[sheet].zh} / ${sheetNames[sheet].en}`,
      `${column.zh}${column.required ? "*" : ""} / ${column.en}`,
      column.helpZh,
      column.helpEn,
    ]),
  );
  return {
    name: HELP_SHEETS.help.zh,
    columns: [{ width: 22 }, { width: 30 }, { width: 60 }, { width: 60 }],
    heads: [["工作表 / Sheet", "列 / Column", "怎么填", "What to write"]],
    rows: [...rules.map(([zh, en]) => ["", "", zh, en]), ...columns],
  };
}

function example(sheet: ImportSheet, ...rows: Values[]): string[][] {
  return rows.map((row) => ["示例 Example", ...importColumns[sheet].map((column) => shown(column, row[column.key]))]);
}

const place = { area: "阳光小区/A座", concentrator: "JC-000001", profile: "jc1", price: "0.8" };
const examples: Readonly<Record<ImportSheet, string[][]>> = {
  areas: example("areas", { area: "阳光小区" }, { area: "阳光小区/A座" }),
  rooms: example("rooms", { area: "阳光小区/A座", name: "101" }),
  boxes: example("boxes", { area: "阳光小区/A座", name: "一层电表箱" }),
  concentrators: example("concentrators", {
    ...{ code: "JC-000001", name: "A座集中器", area: "阳光小区", link: "jichao" },
    linkKey: "00112233445566778899aabbccddeeff",
  }),
  prices: example("prices", { name: "居民电价", kind: "electricity", price: "0.8" }),
  customers: example("customers", { number: "100000000001", name: "王小明", phone: "13800000001" }),
  meters: example(
    "meters",
    {
      ...place,
      number: "000000000101",
      room: "101",
      address: "000000000101",
      openIndex: "12.5",
      customer: "100000000001",
    },
    { ...place, number: "000000000201", count: 24, room: "{1-6}{01-04}", address: "000000000201" },
  ),
};
