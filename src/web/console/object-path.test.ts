import { expect, test } from "vitest";
import { objectPath } from "./object-path.ts";

test.each([
  ["meter:12", "/?meter=12"],
  ["order:R20260801000001", "/records/R20260801000001"],
  ["refund:F1", "/refunds/F1"],
  ["move_out:T20260801000001:3", "/move-outs/T20260801000001"],
  ["channel:7/2", "/concentrators/7"],
  ["calendar", "/supply"],
  ["price:x", "/prices?view=changes"],
])("%s is shown at %s", (object, path) => expect(objectPath(object)).toBe(path));

test.each(["session", "master_key", "setting:approval.refund", "", ":", "meter:", "constructor:1", "meter"])(
  "%j has no page",
  (object) => expect(objectPath(object)).toBeNull(),
);

test("what stands in a name cannot leave its place in the address", () => {
  expect(objectPath("order:../../x?y=1#z")).toBe("/records/..%2F..%2Fx%3Fy%3D1%23z");
});
