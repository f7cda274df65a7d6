import fc from "fast-check";
import { expect, test } from "vitest";
import { concat, fromHex, toHex } from "./bytes.ts";
import { encodeFrame645 } from "./dlt645/frame.ts";
import { describeFrame, describeFrames } from "./explain.ts";
import { textLines } from "./explain-text.ts";
import { encodeLink } from "./link/jichao.ts";

const topUp = "6861010000000068031e3235343a34333333755a333336333333df13246f67453333333399000e791616";
const read = "68610100000000681104333334331416";

function bytes(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array();
}

function text(hex: string): string {
  return describeFrames(bytes(hex))
    .flatMap((description) => textLines(description).map((line) => `${line.label}=${line.text}`))
    .join("\n");
}

test("a top-up is shown with amount, purchase number, operator and customer", () => {
  expect(describeFrame(bytes(topUp))).toMatchObject({
    di: "070102FF",
    operator: "01000000",
    recharge: {
      layout: "standard",
      amount: "100.50",
      purchaseCount: 3,
      customer: "000000001234",
      mac: "ace0f13c66cddb46",
    },
  });
  expect(text(topUp)).toMatch(/充值量=100\.50.*\n购电次数=第 3 次\n客户编号=000000001234/);
});

test.each([
  ["68611001301215681c10356a3935343333334d333333336345cc2c16", "命令=拉闸 (1AH)"],
  ["68989921000000681c1035333333636363634d333333333333335a16", "有效截止=无效时间(电表将视为过期)"],
  ["68611001301215689c003516", "结果=成功"],
  ["686101000000006883043235343a8e16", "结果=成功"],
  ["6861010000000068c30253337d16", "错误=购电次数错误 (SERR 2000)"],
  ["6860079204009168d101376716", "错误=密码错或未授权 (ERR 04H)"],
  ["68611001301215689106363833378333be16", "状态位=继电器断开、继电器命令断"],
  ["68010012011920681701083d16", "可能漏加 33H"],
  ["68341200000000681104333333330016", "校验和不符 (checksum: frame carries 00H, computed F7H)"],
])("%s tells a person: %s", (hex, expected) => {
  expect(text(hex)).toContain(expected);
});

test.each([
  ["18", "010c0004 04111111 04222222"],
  ["98", "04222222"],
  ["14", "010c0004 04111111 01000000 04333333"],
])("passwords in function %s stand under the label that pages leave out", (control, data) => {
  const frame = { address: "000000000161", control: Number.parseInt(control, 16), data: bytes(data) };
  const others = textLines(describeFrame(encodeFrame645(frame))).filter(({ label }) => label !== "密码");
  expect(others.map((line) => line.text).join()).not.toMatch(/111111|222222|333333/);
});

test("an absent phase is null, not zero", () => {
  const frame = { address: "000000000161", control: 0x91, data: bytes("00ff0102 1923 ffff ffff") };
  const wire = encodeFrame645(frame);
  expect(describeFrame(wire)).toMatchObject({
    values: [
      { name: "voltage A", value: "231.9", unit: "V" },
      { name: "voltage B", value: null },
      { name: "voltage C", value: null },
    ],
  });
  expect(text(toHex(wire))).toContain("B相电压=无此相");
});

test("the meter's frame inside a forwarded answer is shown", () => {
  const content = bytes(read);
  const wire = encodeLink({ seq: 9, message: { type: "forwarded", status: 0, elapsedMs: 120, content } });
  expect(describeFrame(wire)).toMatchObject({
    protocol: "jcp1",
    seq: 9,
    fields: { status: 0, elapsedMs: 120, content: read },
    frames: [{ ok: true, di: "00010000" }],
  });
  expect(text(toHex(wire))).toContain("  数据标识=00010000 正向有功总电能");
  const silent = encodeLink({
    seq: 9,
    message: { type: "forwarded", status: 1, elapsedMs: 800, content: new Uint8Array() },
  });
  expect(text(toHex(silent))).toContain("结果=超时,电表未应答 (1)");
});

test("frames of both kinds are found among bytes that are none, and each stretch of those is named once", () => {
  const heartbeat = encodeLink({ seq: 1, message: { type: "ping", rssi: -70, queue: 0, clockMs: 0 } });
  const stream = concat(
    bytes("0102"),
    bytes(read),
    bytes("6861"),
    heartbeat,
    bytes("fefefefe"),
    bytes(read),
    bytes("68"),
  );
  expect(describeFrames(stream).map((each) => (each.ok ? each.protocol : each.hex))).toEqual([
    "0102",
    "dlt645-2007",
    "6861",
    "jcp1",
    "dlt645-2007",
    "68",
  ]);
});

test("no bytes make it throw, and none are left without a word", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(0x68, 0x16, 0x4a, 0x43), fc.nat(255)), { minLength: 1 }), (noise) => {
      const descriptions = describeFrames(Uint8Array.from(noise));
      for (const description of descriptions) expect(textLines(description).length).toBeGreaterThan(0);
      if (noise.some((byte) => byte !== 0xfe)) expect(descriptions.length).toBeGreaterThan(0);
    }),
  );
});
