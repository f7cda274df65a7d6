import { describe, expect, test } from "vitest";
import { isTest, programs, readRepository } from "./source-files.ts";

/**
 * What SQLite, MySQL, MariaDB, Galera, TiDB and PolarDB-X do not do alike, or not at all, and where it is allowed none the less. The builder's own words count as
 * well as those of plain SQL; what each does elsewhere is told in docs/DISTRIBUTED-DATABASES.md.
 */
const FORBIDDEN: readonly { what: string; pattern: RegExp; allowed?: readonly string[] }[] = [
  {
    what: "locking reads",
    pattern: /\bfor (update|share)\b(?! in)|\.for(Update|Share|KeyShare|NoKeyUpdate)\(|lock in share mode/i,
  },
  { what: "SKIP LOCKED, NOWAIT", pattern: /\bskip locked\b|\.skipLocked\(|\.noWait\(/i },
  { what: "named locks", pattern: /\b(get_lock|release_lock|is_free_lock)\s*\(/i, allowed: ["src/store/migrate.ts"] },
  { what: "table locks", pattern: /`\s*(un)?lock tables?\b/i },
  { what: "RETURNING", pattern: /\breturning\b[^.]*`|\.returning(All)?\(/i },
  { what: "JSON_TABLE", pattern: /\bjson_table\b/i },
  { what: "foreign keys", pattern: /\bforeign key\b|\.addForeignKeyConstraint\(|\.references\(/i },
  { what: "numbers of the database", pattern: /\bauto_?increment\b|\blast_insert_id\b|\bnextval\b/i },
  { what: "stored programs", pattern: /\bcreate (or replace )?(trigger|procedure|function|event|view)\b/i },
  { what: "XA, savepoints", pattern: /`\s*(xa (start|begin)|savepoint)\b/i },
  { what: "MySQL's row alias", pattern: /\) as new on duplicate/i },
  { what: "partial indexes", pattern: /\bcreate (unique )?index\b[^`]*\bwhere\b/i },
  { what: "full text and spatial indexes", pattern: /\bfulltext\b|\bspatial index\b/i },
  { what: "INSERT IGNORE", pattern: /`\s*insert ignore\b/i },
];

const COMMENTS = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;
const files = programs(readRepository())
  .filter(({ path }) => /^src\/(store|flows|server|collector|cli)\//.test(path) && !isTest(path))
  .map(({ path, text }) => ({ path, text: text.replace(COMMENTS, "") }));

describe("statements keep to what every engine does alike", () => {
  test("there are statements to look at", () => {
    expect(files.length).toBeGreaterThan(200);
    expect(files.some(({ path }) => path === "src/store/bulk.ts")).toBe(true);
  });

  test.each(FORBIDDEN)("no $what", ({ pattern, allowed = [] }) => {
    const found = files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
    expect(found.filter((path) => !allowed.includes(path))).toEqual([]);
    expect(allowed.filter((path) => !found.includes(path))).toEqual([]); // what is gone needs no leave any more
  });

  test.each([
    ["select * from t for update", "locking reads"],
    [".forUpdate()", "locking reads"],
    ["skip locked", "SKIP LOCKED, NOWAIT"],
    ["sql`insert into t values (1) returning id`", "RETURNING"],
    ["join json_table(?", "JSON_TABLE"],
    ["id bigint auto_increment", "numbers of the database"],
    ["sql`savepoint a`", "XA, savepoints"],
    ["sql`insert ignore into t`", "INSERT IGNORE"],
  ])("%s would be found", (text, what) => {
    expect(FORBIDDEN.find((each) => each.what === what)?.pattern.test(text)).toBe(true);
  });
});
