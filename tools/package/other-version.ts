import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RELEASE_FILE, type Release, releaseIn } from "#system/release.ts";
import { settle } from "./tree.ts";

/** How another version differs from the one that was laid out: what it does not know yet, and what it knows besides. */
export type Difference = { version: string; without?: readonly string[]; withUnmarked?: string };

/**
 * Makes the tree of a release into one of another version, for tests and rehearsals: the same sources with another number, without the last migrations,
 * or with one more that makes a table and says nothing of older programs. Manifest and hashes are made anew.
 */
export function becomeOther(tree: string, { version, without = [], withUnmarked }: Difference): Release {
  const was = releaseIn(tree);
  if (was === null) throw new Error(`${tree} is no release`);
  const edit = (path: string, change: (text: string) => string) => {
    const file = join(tree, path);
    const [before, after] = [readFileSync(file, "utf8"), change(readFileSync(file, "utf8"))];
    if (before === after) throw new Error(`nothing was changed in ${path}`);
    writeFileSync(file, after);
  };
  edit("package.json", (text) => text.replace(`"version": "${was.version}"`, `"version": "${version}"`));
  edit("src/base/version.ts", (text) => text.replace(`"${was.version}"`, `"${version}"`));
  const migrations = "src/store/migrate.ts";
  for (const name of without)
    edit(migrations, (text) => text.replace(new RegExp(`^  \\{ name: "${name}", .*\\},\\n`, "m"), ""));
  const more = withUnmarked === undefined ? [] : [{ name: withUnmarked, olderCanRun: false }];
  for (const { name } of more) {
    const step = `{ name: "${name}", up: async (db) => void (await sql\`create table if not exists of_rehearsal (id integer not null primary key)\`.execute(db)) }`;
    edit(migrations, (text) => text.replace(/^(export const migrations: [^\n]*\n[\s\S]*?)^\];/m, `$1  ${step},\n];`));
  }
  const release: Release = {
    ...was,
    version,
    source: `${was.source}, changed for a rehearsal`,
    migrations: [...was.migrations.filter(({ name }) => !without.includes(name)), ...more],
  };
  writeFileSync(join(tree, RELEASE_FILE), `${JSON.stringify(release, null, 2)}\n`);
  settle(tree);
  return release;
}

/** A copy of a release's tree as another version. */
export function otherTree(tree: string, to: string, difference: Difference): Release {
  rmSync(to, { recursive: true, force: true });
  cpSync(tree, to, { recursive: true });
  return becomeOther(to, difference);
}
