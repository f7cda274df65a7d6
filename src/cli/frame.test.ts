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
  expect(out).toHaveLength(2);
  expect(err).toHaveLength(1);
  expect(err[0]).toContain("第 1 行");
});

test.each([
  [["decode", "6834120000000068110433333333001"], "不是完整的十六进制字节"],
  [["decode", "68341200000000681104333333330016"], "checksum: frame carries 00H, computed F7H"],
  [["decode", "fefefe"], "start 68H missing"],
  [["decode"], "没有输入"],
  [["encode"], "用法"],
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
