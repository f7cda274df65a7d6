import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { adminAddress } from "./admin-address.ts";

const folder = mkdtempSync(join(tmpdir(), "jichao-admin-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const nobody = { isTrial: false, ask: null };

test("a password on the command line is refused, but on trial", async () => {
  const admin = "mysql://root:secret@127.0.0.1:3306";
  const refused = adminAddress({ admin }, nobody);
  await expect(refused).rejects.toThrow("--admin-file");
  await expect(refused).rejects.not.toThrow("secret");
  expect(await adminAddress({ admin }, { ...nobody, isTrial: true })).toBe(admin);
  expect(await adminAddress({}, nobody)).toBeNull();
});

test("one that is left out is asked for, and stands for itself whatever its characters are", async () => {
  const questions: string[] = [];
  const ask = async (question: string) => {
    questions.push(question);
    return "p@ss:w/rd";
  };
  const admin = "mysql://root@10.0.0.1:3306,10.0.0.2:3306";
  expect(await adminAddress({ admin }, { isTrial: false, ask })).toBe(
    "mysql://root:p%40ss%3Aw%2Frd@10.0.0.1:3306,10.0.0.2:3306",
  );
  expect(questions).toHaveLength(1);
  expect(await adminAddress({ admin }, { isTrial: false, ask: async () => "" })).toBe(admin);
  expect(await adminAddress({ admin }, nobody)).toBe(admin);
});

test("a file with the address is read when nobody else can read it", async () => {
  const file = join(folder, "admin");
  writeFileSync(file, "mysql://root:secret@127.0.0.1:3306\n", { mode: 0o600 });
  expect(await adminAddress({ "admin-file": file }, nobody)).toBe("mysql://root:secret@127.0.0.1:3306");
  chmodSync(file, 0o640);
  await expect(adminAddress({ "admin-file": file }, nobody)).rejects.toThrow("chmod 600");
  chmodSync(file, 0o600);
  writeFileSync(file, "root:secret");
  await expect(adminAddress({ "admin-file": file }, nobody)).rejects.toThrow("mysql://");
  await expect(adminAddress({ admin: "mysql://a@b", "admin-file": file }, nobody)).rejects.toThrow("not both");
  await expect(adminAddress({ admin: "postgres://a@b" }, nobody)).rejects.toThrow("mysql://");
});
