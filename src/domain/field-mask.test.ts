import { expect, test } from "vitest";
import { hiddenFrom, maskPhone } from "./field-mask.ts";

test("a telephone keeps its beginning and its end, a short one less", () => {
  expect(["13800000001", "+8613800000001", "05718888777", "8888777", "12", "1", ""].map(maskPhone)).toEqual([
    ...["138****0001", "+86****0001", "057****8777", "***77", "***12", "***1", ""],
  ]);
});

test("without a permission its field is hidden", () => {
  expect([...hiddenFrom(new Set())]).toEqual(["phone", "price"]);
  expect([...hiddenFrom(new Set(["contact.full"]))]).toEqual(["price"]);
  expect([...hiddenFrom(new Set(["contact.full", "price.see"]))]).toEqual([]);
});
