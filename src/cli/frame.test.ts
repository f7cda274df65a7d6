import { expect, test } from "vitest";
import { frameCommand } from "./frame.ts";

const read = "68610100000000681104333334331416";
const reply = "686101000000006891083333 3433593333338a16";

async function run(args: string[], stdin: string[] = []) {
  const out: string[] = [];
  const err: string[] = [];
  async function* input() {
    for (const part of stdin) yield new TextEncoder().encode(part);
  }
  const code = await frameCommand(args, {
    stdin: input(),
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  return { code, out, err };
}

test("a frame with blanks is explained in Chinese, aligned", async () => {
  const { code, out, err } = await run(["decode", ...reply.split(" ")]);
  expect([code, err]).toEqual([0, []]);
  expect(out).toContain("正向有功总电能  0.26 kWh");
  expect(out).toContain("表地址          000000000161");
});

test("--json gives one object per frame with the keys of the frame vectors", async () => {
  const { code, out } = await run(["decode", "--json", `fefe${read}${reply}`]);
  expect(code).toBe(0);
  expect(out.map((line) => JSON.parse(line))).toMatchObject([
    {
      ok: true,
      protocol: "dlt645-2007",
      address: "000000000161",
      control: "11",
      fromMeter: false,
      di: "00010000",
      values: [],
    },
    {
      control: "91",
      fromMeter: true,
      abnormal: false,
      moreFollows: false,
      values: [{ name: "forward active energy", value: "0.26", unit: "kWh" }],
    },
  ]);
});

test("lines come from standard input, however they are chunked; bad ones do not stop the good", async () => {
  const { code, out, err } = await run(["decode", "--json"], ["no hex\n\n6861010000", `${read.slice(10)}\r\n`, read]);
  expect(code).toBe(0);
  expect(out.map((line) => JSON.parse(line))).toMatchObject([
    { ok: false, reason: "not whole bytes of hex" },
    { ok: true, di: "00010000" },
    { ok: true, di: "00010000" },
  ]);
  expect(err).toHaveLength(1);
  expect(err[0]).toContain("第 1 行");
});

test.each([
  [["decode", "6834120000000068110433333333001"], "不是完整的十六进制字节"],
  [["decode", "68341200000000681104333333330016"], "checksum: frame carries 00H, computed F7H"],
  [["decode", "fefefe"], "start 68H missing"],
  [["decode"], "没有输入"],
  [["transcode"], "用法"],
  [["decode", "--protocol", "modbus", read], "用法"],
  [["encode", "read", "202600100145"], "数据标识"],
  [["encode", "read", "20260010014x", "00010000"], "表地址"],
  [["encode", "relay", "explode", "161"], "不是继电器命令:explode"],
  [["encode", "relay", "trip", "161", "--until", "2026-02-30 00:00"], "没有这个时间"],
  [["encode", "topup", "161", "100.505", "3", "1234", "--key", "00".repeat(16)], "充值量"],
  [["encode", "topup", "161", "100", "3", "1234"], "需要 --key"],
  [["encode", "topup", "161", "100", "3", "1234", "--key", "00"], "32 位十六进制"],
  [["encode", "topup", "AA", "100", "3", "1234", "--key", "00".repeat(16)], "表地址"],
  [["encode", "set-baud", "161", "300"], "通信速率"],
  [["encode", "freeze", "161", "13010000"], "冻结时间"],
  [["encode", "sing"], "不认识的命令:sing"],
  [["encode", "read97", "161", "00010000"], "4 位十六进制"],
  [["encode", "relay97", "trip", "3", "161"], "路数"],
  [["encode", "read188", "68", "1"], "表类型"],
  [["encode", "valve188", "burst", "10", "1"], "阀门命令"],
  [["decode", "--yaml", read], "用法"],
])("%j ends with 1 and says: %s", async (args, sentence) => {
  const { code, err } = await run(args);
  expect(code).toBe(1);
  expect(err.join("\n")).toContain(sentence);
});

test("--json reports a bad frame as an object too", async () => {
  const { code, out } = await run(["decode", "--json", "68017200720000689107333635784516"]);
  expect(code).toBe(1);
  expect(out.map((line) => JSON.parse(line))).toMatchObject([
    { ok: false, reason: "truncated: L=07H needs 19 bytes, have 16" },
  ]);
});

test("--json answers a line of wake-up bytes alone with an object too", async () => {
  const { code, out } = await run(["decode", "--json"], ["fefefe\n"]);
  expect([code, out.map((line) => JSON.parse(line))]).toEqual([1, [{ ok: false, reason: "start 68H missing" }]]);
});

test("what decode --json prints, encode makes into the same bytes again", async () => {
  const lines = [read, `fefe${reply}`.replaceAll(" ", ""), "681001000005080000010390 1f003916".replaceAll(" ", "")];
  const { out: described } = await run(["decode", "--json"], [lines.join("\n")]);
  const { code, out } = await run(["encode"], [described.join("\n")]);
  expect([code, out]).toEqual([0, lines]);
  expect((await run(["encode", described[0] ?? ""])).out).toEqual([read]);
});

test.each(['{"protocol":"dlt645-2007"}', "{", '{"protocol":"modbus"}', "{}"])("encode cannot make %j", async (json) => {
  const { code, err } = await run(["encode", json]);
  expect(code).toBe(1);
  expect(err.join()).toMatch(/不是 JSON 对象|is not|is none/);
});

const MASTER_KEY = "0123456789abcdeffedcba9876543210";

test.each([
  [["read", "161", "00010000"], `fefefefe${read}`],
  [["read", "161", "00010000", "--preamble", "0"], read],
  [["read-address"], "fefefefe68aaaaaaaaaaaa681300df16"],
  [["set-clock", "2025-12-31", "23:02:05"], "fefefefe689999999999996808063835566445583816"],
  [["freeze", "all", "99999999", "--preamble", "0"], "689999999999996816 04cccccccc b016"],
  [
    ["relay", "keep-supply-on", "161", "--until", "2099-12-31 23:59:59", "--preamble", "0"],
    "68610100000000681c1035333333343333336d338c8c566445cc7c16",
  ],
  [
    ["topup", "161", "100.50", "3", "1234", "--master-key", MASTER_KEY, "--preamble", "0"],
    "6861010000000068031e3235343a34333333755a333336333333df13246f67453333333399000e791616",
  ],
  [["read97", "95320600", "9010", "--preamble", "0"], "6800063295000068010243c3a616"],
  [["write97", "161", "C010", "04010826", "--preamble", "0"], "6861010000000068040a43f33533333337343b594316"],
  [["relay97", "trip", "2", "161", "--preamble", "0"], "686101000000006804085bf33533333388664816"],
  [["read188", "10", "78330011223344", "--preamble", "0"], "6810443322110033780103901f018116"],
  [["valve188", "close", "10", "78330011223344"], "fefefefe6810443322110033780404a01701992616"],
  [
    ["purchase188", "10", "78330011223344", "100.5", "3", "--preamble", "0"],
    "6810443322110033780408a013010350000100e116",
  ],
  [["sf07-topup", "161", "5000", "12"], "fefefefe686101000000006814143435343a3533333334333333333ad4533333333f3816"],
])("encode %j makes the frame", async (words, hex) => {
  const { code, out, err } = await run(["encode", ...words]);
  expect([code, err]).toEqual([0, []]);
  expect(out).toEqual([hex.replaceAll(" ", "")]);
});

test("a relay command without an end is valid for ten minutes from now", async () => {
  const { out } = await run(["encode", "relay", "trip", "161"]);
  const { out: described } = await run(["decode", "--json", out[0] ?? ""]);
  const { validUntil } = JSON.parse(described[0] ?? "");
  const minutes = (Date.parse(`${validUntil.replace(" ", "T")}+08:00`) - Date.now()) / 60_000;
  expect(minutes).toBeGreaterThan(8.9);
  expect(minutes).toBeLessThan(10.1);
});

test("encode takes one command a line and names the lines it cannot make", async () => {
  const { code, out, err } = await run(
    ["encode", "--json"],
    ["read 161 00010000\nread 161\nset-clock '2025-12-31 23:02:05'\n"],
  );
  expect(code).toBe(0);
  expect(out.map((line) => JSON.parse(line).ok)).toEqual([true, false, true]);
  expect(err[0]).toContain("第 2 行");
});

test("explain shows every byte, on the wire and less 33H", async () => {
  const { code, out } = await run(["explain", `fefe${reply}`]);
  expect(code).toBe(0);
  expect(out.join("\n")).toMatch(/0-1 +FE FE +唤醒前导字节/);
  expect(out.join("\n")).toMatch(/12-15 +33 33 34 33 +00 00 01 00 +数据标识 00010000 正向有功总电能/);
  expect(out.join("\n")).toMatch(/16-19 +59 33 33 33 +26 00 00 00 +正向有功总电能 0\.26 kWh/);
});

test("explain --json carries the pieces, which cover the frame without gaps", async () => {
  const { out } = await run(["explain", "--json", `fefe${reply}`]);
  const { ok, pieces } = JSON.parse(out[0] ?? "");
  expect(ok).toBe(true);
  expect(pieces.map((piece: { hex: string }) => piece.hex).join("")).toBe(`fefe${reply}`.replaceAll(" ", ""));
});

test("--protocol reads a frame as what it is said to be", async () => {
  const { code, out } = await run(["decode", "--json", "--protocol", "dlt645-1997", read]);
  expect([code, JSON.parse(out[0] ?? "").protocol]).toEqual([0, "dlt645-1997"]);
  const { code: refused } = await run(["decode", "--protocol", "cjt188", read]);
  expect(refused).toBe(1);
});
