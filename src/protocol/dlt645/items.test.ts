import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, fromHex, toHex } from "../bytes.ts";
import type { Form } from "./forms.ts";
import { layoutOf } from "./item.ts";
import { classOf, diFromWire, diToWire, itemData, itemOf, itemValues } from "./items.ts";
import { loadRecordBlock, loadRecordBlocks, loadRecordOf } from "./load-record.ts";

/** At least one identifier of every family of the tables. */
const KNOWN = [
  "00000000 00010000 00010100 00013F0C 0001FF00 0002FF03 0003FF00 00040001 0005000C 0009FF00 000A0000 000100FF 001500FF",
  "00150000 001D0000 002A0001 00460000 00800000 0086000C 00940000 00A80000 00BC0000 00900100 00900201 000B0000",
  "01010000 0101FF00 0102FF03 010300FF 01150000 01460000 02010100 0201FF00 0202FF00 02030000 0203FF00 02040300 0205FF00",
  "0206FF00 02070100 0207FF00 02080200 0209FF00 020A0101 020A03FF 020B0215 02800001 0280000A 02800020 02800023",
  "03010000 03010101 0302030A 03050000 03050001 03060001 03070001 03090001 030B0101 030E0101 030F0000 03100000 0310010C",
  "03110000 03110001 03120000 03120101 03300000 03300001 03300101 03300201 03300301 03300401 03300601 03300701 0330090A",
  "03300C01 03300D00 03300D01 03300E0A 03320101 03320201 0332FF01 0333030A 0334FF01 1D000000 1D000001 1E000001 19010000",
  "1C030000 36000000 10000001 10010002 10010101 10012501 1000020A 14000001 14001203 18032101 1B011201 1F000601 20001301",
  "1D00FF01 1D000102 1E000801 1E00FF0A 21000000 03350000 03350001 0336000A 03370001 03300F00 03301200 04000903 04001301",
  "04001501 04090103 04090801 04090E01 04090F02 04000101 04000102 0400010C 04000106 04000202 04000205 04000306 04000401 04000403 04000404 0400040A",
  "0400040D 0400040E 04000501 04000503 040005FF 04000601 04000901 04000A01 04000A07 04000B01 04000C01 04000D0C 04000E01",
  "04000E03 04000F01 04001001 04001005 04001203 04001401 04001402 04010000 04010008 04020000 04030001 040401FE",
  "040402FE 04050101 040502FF 04060001 04060301 04800003 05000001 05000101 0500090C 05011001 05030A02 05060101 0506013E",
]
  .join(" ")
  .split(" ");

const number = (form: Extract<Form, { as: "number" }>) => {
  const max = (form.signed ? 8 : 10) * 10 ** (2 * form.bytes - 1) - 1;
  return fc.integer({ min: form.signed ? -max : 0, max }).map((digits) => {
    const text = String(Math.abs(digits)).padStart(form.decimals + 1, "0");
    const sign = digits < 0 ? "-" : "";
    return form.decimals === 0 ? sign + text : `${sign}${text.slice(0, -form.decimals)}.${text.slice(-form.decimals)}`;
  });
};

describe("every family of the tables", () => {
  test.each(KNOWN)("%s is known, and random values come back as they were written", (di) => {
    const item = itemOf(di);
    if (item === undefined) throw new Error("not in the tables");
    expect([item.di, item.code]).toEqual([di, Number.parseInt(di, 16)]);
    expect([item.name, item.zh, item.clause].every((text) => text.length > 0)).toBe(true);
    const [layout] = item.layouts;
    expect(layout.groupFields * layout.groupsMax).toBe(layout.fields.length);
    fc.assert(
      fc.property(
        fc.integer({ min: layout.groupsMin, max: Math.min(layout.groupsMax, 5) }).chain((groups) =>
          fc.tuple(
            ...layout.fields.slice(0, groups * layout.groupFields).map(({ form }) =>
              form.as === "number"
                ? number(form)
                : fc
                    .array(fc.integer({ min: 0, max: 99 }), { minLength: form.bytes, maxLength: form.bytes })
                    .map((pairs) => Uint8Array.from(pairs.map((pair) => Math.floor(pair / 10) * 16 + (pair % 10))))
                    .map((bytes) => form.read(bytes, 0)),
            ),
          ),
        ),
        (values) => {
          const data = itemData(item, values);
          // BCD digits need not be printable ASCII: such a text is none and is not written either.
          if (data === null) return values.some((value) => value === null);
          const read = itemValues(item, concat(diToWire(di), data), 4);
          expect(read?.map(({ value }) => value)).toEqual(values);
          const ends = read?.reduce((at, each) => (each.at === at ? at + each.bytes : Number.NaN), 4);
          expect(ends).toBe(4 + data.length);
        },
      ),
      { numRuns: 20 },
    );
  });

  test.each(KNOWN)("%s of another length is bytes, never a number", (di) => {
    const item = itemOf(di);
    if (item === undefined) throw new Error("not in the tables");
    const longest = Math.max(...item.layouts.map((layout) => layout.groupBytes * layout.groupsMax));
    for (const bytes of [0, longest + 1]) {
      expect(layoutOf(item, bytes)).toBeNull();
      expect(itemValues(item, new Uint8Array(4 + bytes), 4)).toBeNull();
    }
  });
});

test.each([
  ["00014000", "a tariff beyond 63"],
  ["0001000D", "a settlement day beyond the twelfth"],
  ["0001FFFF", "all tariffs of all settlement days, which the standard has not"],
  ["00150100", "a tariff of a phase"],
  ["01000000", "a demand of combined energy"],
  ["020A0116", "the 22nd harmonic"],
  ["0301010B", "an eleventh record"],
  ["0500010D", "a thirteenth timed freeze"],
  ["0506FF01", "a whole freeze: its parts depend on a mode word"],
  ["04A20200", "a maker's own parameter"],
  ["028011FF", "a maker's own variables"],
  ["FFFFFFFF", "nothing"],
  ["0001", "half an identifier"],
])("%s is not in the tables: %s", (di) => {
  expect(itemOf(di)).toBeUndefined();
});

test("an unknown identifier still has a class", () => {
  expect(classOf("04A20200").zh).toBe("参变量");
  expect(classOf("1F000001").zh).toBe("事件记录(备案文件)");
  expect(classOf("E0010203").zh).toBe("未知或厂家自定义");
});

test.each([
  ["00010000", ["1.234"]],
  ["00010000", ["-1.00"]],
  ["00000000", ["-800000.00"]],
  ["00010000", ["1000000.00"]],
  ["00010000", ["one"]],
  ["00010000", ["1.00", "2.00"]],
  ["04000101", ["2026-13 week00"]],
  ["04000404", ["too long for six"]],
])("%s cannot be written as %j", (di, values) => {
  const item = itemOf(di);
  if (item === undefined) throw new Error("not in the tables");
  expect(itemData(item, values)).toBeNull();
});

test.each([
  ["01010000", "345612 1512241120", ["12.5634", "2020-11-24 12:15"]],
  ["0001FF00", "01000000 02000000 03000000", ["0.01", "0.02", "0.03"]],
  ["000100FF", "01000000 02000000", ["0.01", "0.02"]],
  [
    "0332FF01",
    "3010010826 0500 10270000 00000000 10270000 99990000",
    ["2026-08-01 10:30", "5", "27.10", "0.00", "27.10", "99.99"],
  ],
  ["04000404", "000056303232", ["220V"]],
  ["04000B01", "0001", ["01日00时"]],
  ["04010001", "010000 020008", ["00:00 ‹01›", "08:00 ‹02›"]],
  ["02800007", "5080", ["-5.0"]],
  ["0201FF00", "1923ffffffff", ["231.9", null, null]],
  ["03010101", "ff".repeat(131), Array.from({ length: 37 }, () => null)],
])("%s %s reads as %j", (di, hex, values) => {
  const item = itemOf(di);
  const data = concat(diToWire(di), fromHex(hex) ?? new Uint8Array());
  if (item === undefined) throw new Error("not in the tables");
  expect(itemValues(item, data, 4)?.map(({ value }) => value)).toEqual(values);
});

test("no identifier and no data make the tables throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 210 }), fc.nat(0x7f), (data, di3) => {
      data[3] = di3 % 8;
      const item = itemOf(diFromWire(data) ?? "");
      if (item !== undefined) itemValues(item, data, 4);
      loadRecordBlocks(data);
    }),
  );
});

describe("a load record", () => {
  const values = [
    ["231.9", null, null, "1.250", null, null, "50.00"],
    [],
    [],
    ["1234.56", "0.00", "0.00", "0.00"],
    [],
    ["0.2300", "0.0100"],
  ];
  const block = loadRecordBlock("2026-08-01 00:15", values) ?? new Uint8Array();

  test("comes back as it was written, empty groups left out", () => {
    const [read, ...others] = loadRecordBlocks(block);
    expect(others).toEqual([]);
    expect(read).toMatchObject({ time: "2026-08-01 00:15", marked: false, fault: null, bytes: block.length });
    expect(read?.values.map(({ value }) => value)).toEqual(values.flat());
  });

  test("several blocks stand one after the other; what the meter marks bad says so", () => {
    const bad = block.slice();
    bad[0] = bad[1] = 0xe0;
    bad[bad.length - 2] = (bad[bad.length - 2] ?? 0) + 0x80;
    expect(loadRecordBlocks(concat(block, bad)).map(({ fault, marked }) => [fault, marked])).toEqual([
      [null, false],
      [null, true],
    ]);
  });

  test.each([
    ["checksum", (bytes: Uint8Array) => bytes.with(10, 0x11)],
    ["end", (bytes: Uint8Array) => bytes.with(-1, 0x16)],
    ["length", (bytes: Uint8Array) => bytes.slice(0, -3)],
    ["length", (bytes: Uint8Array) => bytes.with(0, 0x68)],
  ])("with a wrong %s has no values", (fault, spoil) => {
    expect(loadRecordBlocks(spoil(block))).toMatchObject([{ fault, values: [], time: null }]);
  });

  test("is asked for by class and place", () => {
    expect(loadRecordOf("06000001")).toMatchObject({ kind: 0, from: "time" });
    expect(loadRecordOf("06030002")).toMatchObject({ kind: 3, from: "latest" });
    expect(loadRecordOf("06070000")).toBeUndefined();
    expect(toHex(block.subarray(0, 2))).toBe("a0a0");
  });
});

describe("what a prepaid site meets besides table A", () => {
  const values = (di: string, hex: string) => {
    const item = itemOf(di);
    const data = fromHex(hex);
    if (item === undefined || data === null) throw new Error(di);
    return itemValues(item, data, 0)?.map(({ name, value, unit }) => `${name}=${value}${unit}`);
  };

  test("the last trip: when, by whom, and the registers of that moment", () => {
    expect(values("1D00FF01", `05 30 12 01 08 26 01 00 00 00 56 34 12 00 00 00 00 00${"00".repeat(16)}`)).toEqual([
      "time=2026-08-01 12:30:05",
      "operator=01000000",
      "forward active=1234.56kWh",
      "reverse active=0.00kWh",
      "quadrant 1 reactive=0.00kvarh",
      "quadrant 2 reactive=0.00kvarh",
      "quadrant 3 reactive=0.00kvarh",
      "quadrant 4 reactive=0.00kvarh",
    ]);
    expect(values("1D000101", "05 30 12 01 08 26")).toEqual(["time=2026-08-01 12:30:05"]);
    expect(values("1D000001", "27 00 00")).toEqual(["count=27"]);
    // A whole record under the identifier of the count, as older firmware has it, is not taken for one.
    expect(values("1D000001", "00".repeat(34))).toBeUndefined();
  });

  test("events of the filing: counts, minutes, begin and end", () => {
    expect(values("10010001", "03 00 00")).toEqual(["count=3"]);
    expect(values("10010002", "45 01 00")).toEqual(["minutes=145min"]);
    expect(values("18022101", "00 00 08 01 08 26")).toEqual(["end=2026-08-01 08:00:00"]);
    expect(itemOf("10012101")).toBeUndefined();
    expect(itemOf("14010001")).toBeUndefined();
    expect(values("03350001", `00 00 08 01 08 26 00 05 08 01 08 26${"56 34 12 00".repeat(4)}`)).toHaveLength(6);
  });

  test("one identifier, two habits: the length tells which", () => {
    expect(values("04001402", "00 00 06")).toEqual(["relay current limit=60.000A"]);
    expect(values("04001402", "05 00")).toEqual(["close delay=5min"]);
    expect(values("04040101", "00 00 01 00")).toEqual(["automatic screen 1=00010000"]);
    expect(values("04040101", "00 00 01 00 02")).toEqual(["automatic screen 1=00010000", "part=2"]);
  });

  test("an item that was built before is the same one, however many others came between", () => {
    const before = itemOf("05060101");
    expect(itemOf("05060101")).toBe(before);
    for (let n = 1; n <= 0xfe; n++)
      for (const kind of ["040300", "040401", "040402"]) itemOf(kind + toHex(Uint8Array.of(n)));
    expect(itemOf("05060101")).toEqual(before);
  });
});
