import { expect, test } from "vitest";
import { AppError, assert, errorStatus, errors, errorText } from "./errors.ts";

test("a refusal has a status and says in both languages what to do, with its figures filled in", () => {
  const error = new AppError("amount_invalid", { max: 100_000 });
  expect(errorStatus(error.code)).toBe(400);
  expect(errorText(error.code, error.details, "zh")).toContain("100000 元");
  expect(error.message).toContain("100000 yuan");
});

test("a missing figure leaves no braces behind", () => {
  expect(errorText("below_one_unit", {}, "zh")).not.toContain("{");
});

test("every code has a client's or a server's status, and both sentences ask for the same figures", () => {
  const figures = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
  for (const [code, [status, zh, en]] of Object.entries(errors)) {
    expect(status, code).toBeGreaterThanOrEqual(400);
    expect(status, code).toBeLessThan(600);
    expect(figures(zh), code).toEqual(figures(en));
  }
});

test("an assertion stops with its sentence", () => {
  expect(() => assert(false, "the sky is green")).toThrow("assertion failed: the sky is green");
  expect(() => assert(1, "")).not.toThrow();
});
