import fc from "fast-check";
import { expect, test } from "vitest";
import { hostName, loginAt, mysqlAddress, mysqlServers, mysqlUrl } from "./mysql-address.ts";

test("one server is read as before", () => {
  expect(mysqlAddress("mysql://jichao:p%40ss@db.example/meters")).toEqual({
    hosts: [{ host: "db.example", port: 3306 }],
    user: "jichao",
    password: "p@ss",
    database: "meters",
  });
  expect(mysqlAddress("mariadb://root@127.0.0.1:3307/j").hosts).toEqual([{ host: "127.0.0.1", port: 3307 }]);
  expect(mysqlAddress("mysql://u:a:b@h/j").password).toBe("a:b");
});

test("a list of nodes keeps its order", () => {
  const address = mysqlAddress("mysql://u:p@10.0.0.3:3306,db-b,[fd00::1]:3310/jichao");
  expect(address.hosts.map(hostName)).toEqual(["10.0.0.3:3306", "db-b:3306", "[fd00::1]:3310"]);
  expect(loginAt(address, { host: "db-b", port: 3306 })).toEqual({
    host: "db-b",
    port: 3306,
    user: "u",
    password: "p",
    database: "jichao",
  });
});

test("an administrator's address needs no database", () => {
  expect(mysqlServers("mysql://root:x@a:1,b:2", "jichao").hosts).toHaveLength(2);
  expect(mysqlServers("mysql://root@a:1/", "jichao").database).toBe("jichao");
});

test("what was written is read again", () => {
  const host = fc.record({ host: fc.domain(), port: fc.integer({ min: 1, max: 65_535 }) });
  const hosts = fc.uniqueArray(host, { minLength: 1, maxLength: 5, selector: hostName });
  const text = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(hosts, text, fc.string(), text, ([first, ...others], user, password, database) => {
      if (first === undefined) return;
      const address = { hosts: [first, ...others] as const, user, password, database };
      expect(mysqlAddress(mysqlUrl(address))).toEqual(address);
    }),
  );
});

test.each([
  "mysql://u:p@a",
  "mysql://u:p@a/",
  "mysql:///j",
  "mysql://u:p@a,,b/j",
  "mysql://u:p@a:x/j",
  "mysql://u:p@a/j?ssl=true", // would be in the clear
  "mysql://u:p@a,a:3306/j", // a node twice would be its own spare
  "mysql://u:p@a,b,c,d,e,f,g,h,i,j/j",
])("%s is refused", (url) => {
  expect(() => mysqlAddress(url)).toThrow();
});

test("what is refused is told without the password", () => {
  for (const url of [
    "mysql://u:geheim@a/j?tls",
    "mysql://u:geheim#@a/j",
    "mysql://u:geheim@/j",
    "mysql://u:geheim@a:x/j",
  ]) {
    const told = () => {
      try {
        return String(mysqlAddress(url));
      } catch (error) {
        return `${error} ${error instanceof Error ? error.stack : ""}`;
      }
    };
    expect(told()).toContain("a MySQL address");
    expect(told()).not.toContain("geheim");
  }
});
