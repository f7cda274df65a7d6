import { expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { base32, matchingStep, otpauthUri, totpCode, totpStep } from "./totp.ts";

/** RFC 6238, appendix B, SHA-1: the last six of its eight digits. */
const SECRET = Buffer.from("12345678901234567890");
test.each([
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
])("at second %i the code is %s (RFC 6238, appendix B)", (second, code) => {
  expect(totpCode(SECRET, totpStep(instant(second * 1000)))).toBe(code);
});

test("a code is taken one step early and one late, not two, and only once", () => {
  const at = instant(1_800_000_000_000);
  const step = totpStep(at);
  const match = (of: number, usedStep = 0) => matchingStep(SECRET, totpCode(SECRET, of), { at, usedStep });
  expect([-2, -1, 0, 1, 2].map((off) => match(step + off))).toEqual([null, step - 1, step, step + 1, null]);
  expect(match(step, step)).toBeNull();
  expect(match(step - 1, step)).toBeNull();
  expect(match(step + 1, step)).toBe(step + 1);
});

test.each(["", "12345", "1234567", "12345a", "１２３４５６", " 123456"])("%j is no code", (code) => {
  expect(matchingStep(SECRET, code, { at: instant(0), usedStep: -9 })).toBeNull();
});

test("base 32 is that of RFC 4648 without padding", () => {
  expect(["f", "fo", "foo", "foob", "fooba", "foobar"].map((text) => base32(Buffer.from(text)))).toEqual([
    "MY",
    "MZXQ",
    "MZXW6",
    "MZXW6YQ",
    "MZXW6YTB",
    "MZXW6YTBOI",
  ]);
});

test("a name cannot change the address", () => {
  const uri = new URL(otpauthUri({ secret: SECRET, login: "a&secret=x?#/ 李" }));
  expect(uri.searchParams.get("secret")).toBe(base32(SECRET));
  expect(uri.searchParams.getAll("secret")).toHaveLength(1);
});
