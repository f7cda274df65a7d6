import { expect, test } from "vitest";
import { toHex } from "./bytes.ts";
import { encodeRead, encodeReadReply, encodeRelay } from "./dlt645/commands.ts";
import { encodeFrame645, type Frame645 } from "./dlt645/frame.ts";
import { di } from "./dlt645/items.ts";
import { encodeRequest } from "./dlt645/requests.ts";
import { encodeWrite97 } from "./dlt645v1997/commands.ts";
import { encodeFrame97 } from "./dlt645v1997/frame.ts";
import { explainFrame, shownFrame } from "./explain-frame.ts";

const ADDRESS = "000000000011";

function explained(frame: Frame645, direction: "sent" | "received"): string[] {
  return explainFrame({ direction, hex: toHex(encodeFrame645(frame)) });
}

test("a reading is explained by the value that the meter shows", () => {
  expect(explained(encodeRead(ADDRESS, di.energyTotal), "sent").join("\n")).toMatch(/正向有功总电能/);
  const answer = encodeReadReply(ADDRESS, { item: "energyTotal", wh: 1_234_560 }, di.energyTotal);
  expect(explained(answer, "received")).toContain("正向有功总电能 1234.56 kWh");
});

test("a trip is explained without its password", () => {
  const validUntil = { year: 2026, month: 8, day: 1, hour: 12, minute: 0, second: 0 };
  const trip = encodeRelay(ADDRESS, { action: "trip", password: "02876543", operator: "00000001", validUntil });
  const text = explained(trip, "sent").join("\n");
  expect(text).toContain("拉闸");
  expect(text).not.toContain("876543");
  expect(text).not.toContain("密码");
});

test("frames of 1997 and of water meters begin with what they are about, and show no password", () => {
  const told = (hex: string) => explainFrame({ direction: "sent", hex }).slice(2, 5);
  const water = "fefefe681061010000000000040417a006993816";
  expect(told(water)).toEqual(["功能 write", "数据标识 A017 写阀门控制", "阀门命令 close"]);
  const volume = "fefefe68106101000000000081161f9001563412002c000000002c0020120108262000009616";
  expect(told(volume)).toEqual(["功能 read", "数据标识 901F 计量数据", "当前累积流量 1234.56 m3"]);
  const trip = "fefefefe686101000000006804085af33344444488667816";
  expect(told(trip)).toEqual(["功能 write", "数据标识 C027 继电器控制", "继电器 loop 1,action trip"]);
  expect(explainFrame({ direction: "sent", hex: trip }).join("\n")).not.toMatch(/密码|00111111/);
});

test("no frame that carries a password is shown with it", () => {
  const rights = { password: "02876543", operator: "00000001" };
  const write = encodeRequest(ADDRESS, { kind: "write", di: "04000101", data: Uint8Array.of(1, 2, 3, 4), ...rights });
  const write97 = encodeWrite97(ADDRESS, { di: "C027", password: "02876543", data: Uint8Array.of(0x55, 0xaa) });
  for (const hex of [toHex(encodeFrame645(write)), toHex(encodeFrame97(write97))]) {
    expect(hex).toContain("35ba9876"); // the password, as bytes are on the line
    const shown = shownFrame({ direction: "sent", hex });
    expect(shown.hex).not.toContain("35ba9876");
    expect(shown.hex).toHaveLength(hex.length);
    expect(shown.explained.join()).not.toMatch(/876543|35ba9876/i);
  }
});

test("silence and bytes that are no frame are told as such", () => {
  expect(explainFrame({ direction: "silence", hex: "" })).toEqual(["等待超时,电表未应答"]);
  for (const hex of ["", "68", "ffff", "不是"]) {
    expect(explainFrame({ direction: "received", hex })[0]).toMatch(/^无法解析/);
  }
});
