import { expect, test } from "vitest";
import { hashPassword, verifyPassword } from "./password.ts";

test("a password belongs to its hash and no other does", async () => {
  const stored = await hashPassword("电池 horse");
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await verifyPassword("电池 horse", stored)).toBe(true);
  for (const wrong of ["电池 hors", "电池 horse ", "", "电池 Horse"])
    expect(await verifyPassword(wrong, stored)).toBe(false);
});

test("one password has another hash each time", async () => {
  expect(await hashPassword("same")).not.toBe(await hashPassword("same"));
});

test("the same letters typed as composed and as single characters are one password", async () => {
  expect(await verifyPassword("cafe\u0301", await hashPassword("caf\u00e9"))).toBe(true);
});

test("a hash made with other parameters still verifies", async () => {
  const { argon2Sync } = await import("node:crypto");
  const salt = Buffer.from("saltsaltsaltsalt");
  const hash = argon2Sync("argon2id", {
    message: "older",
    nonce: salt,
    parallelism: 2,
    tagLength: 24,
    memory: 256,
    passes: 3,
  });
  const stored = `$argon2id$v=19$m=256,t=3,p=2$${plain(salt)}$${plain(hash)}`;
  expect(await verifyPassword("older", stored)).toBe(true);
  expect(await verifyPassword("newer", stored)).toBe(false);
});

test.each([
  "",
  "none",
  "older",
  "$2b$10$abcdefghijklmnopqrstuv",
  "$argon2i$v=19$m=256,t=3,p=1$c2FsdHNhbHQ$AAAA",
  "$argon2id$v=19$m=256,t=3,p=1$c2FsdHNhbHQ$",
])("a hash that cannot be read belongs to no password: %j", async (stored) => {
  expect(await verifyPassword("older", stored)).toBe(false);
});

function plain(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
