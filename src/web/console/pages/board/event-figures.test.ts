import i18next from "i18next";
import { beforeAll, describe, expect, test } from "vitest";
import type { MeterEvent } from "#contract/metering.ts";
import { en } from "#web/shared/locales/en.ts";
import { zhCN } from "#web/shared/locales/zh-CN.ts";
import { eventFigures } from "./event-figures.ts";

const at = Date.parse("2026-08-01T15:45:12+08:00");

beforeAll(async () => {
  const resources = { "zh-CN": { translation: zhCN }, en: { translation: en } };
  await i18next.init({ lng: "zh-CN", resources, interpolation: { escapeValue: false } });
});

describe("the figures of an event", () => {
  test.each<[MeterEvent["kind"], MeterEvent["detail"], string]>([
    [
      "recharge_booked",
      { orderNo: "R1", amount: "1000.00", unitsWh: 133_000 },
      "充值单 R1 · 金额 1,000.00 元 · 购买量 133 度",
    ],
    ["recharge_booked", { orderNo: "R1", amount: "50.00", unitsWh: 0 }, "充值单 R1 · 金额 50.00 元"],
    ["low_credit", { remainingWh: 3_200, limitWh: 20_000 }, "剩余 3.20 kWh · 报警值 20.00 kWh"],
    ["tripped", { cause: "arrears", remainingWh: -10 }, "原因 欠费 · 剩余 -0.01 kWh"],
    ["tripped", { command: "C1", asked: "trip", cause: "operator" }, "原因 人工操作"],
    [
      "command_requested",
      { command: "C1", asked: "trip", reason: "退租", by: "李雷" },
      "指令 拉闸 · 原因 退租 · 操作员 李雷",
    ],
    [
      "command_refused",
      { command: "C1", asked: "close", reason: "other,locked" },
      "指令 合闸 · 原因 电表报告其他错误、电表认证已锁定",
    ],
    [
      "reading_suspect",
      { verdict: "jump", indexWh: 9_000, lastGoodWh: 1_000 },
      "判定 示数突变 · 示数 9.00 kWh · 上次有效示数 1.00 kWh",
    ],
    [
      "recharge_stopped",
      { orderNo: "R1", countShown: 5, countBooked: 3, purchaseNumber: 4 },
      "充值单 R1 · 电表购电次数 5 · 系统购电次数 3 · 购电次数 4",
    ],
    ["silent", { lastAnswerAt: at }, "最近应答 2026-08-01 15:45:12"],
    ["silent", { lastAnswerAt: 0 }, ""],
    ["arrears", { balance: "-3.20" }, "余额 −3.20 元"],
    ["closed", { something: "new", cause: null }, ""],
  ])("of %s %j", (kind, detail, words) => {
    expect(eventFigures({ kind, detail }, "electricity").join(" · ")).toBe(words);
  });

  test("of a water meter are in cubic metres", () => {
    expect(eventFigures({ kind: "low_credit", detail: { remainingWh: 3_200 } }, "water")).toEqual(["剩余 3.20 m³"]);
  });
});
