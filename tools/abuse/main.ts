import { parseArgs } from "node:util";
import { startSharedMariadb } from "../../test/mariadb.ts";
import { attackNames } from "./attack-names.ts";
import type { Size } from "./attacks.ts";
import { runAbuse } from "./run.ts";
import { mountSmallDisk } from "./small-disk.ts";

/** More than a fresh MariaDB and the readings of an hour. */
const DATABASE_DISK_MB = 1_024;

const usage = `usage: npm run abuse -- [--quick] [--seconds 30] [--good 50] [--sockets 5000] [--db mariadb|sqlite] [--only ${attackNames.join(",")}]
Runs the list of attacks against a real collector with good sessions, and prints JSON. 5000 sockets need an open-file limit of
12 000 or more (ulimit -n); a file system for the capture can only be mounted by root.`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seconds: { type: "string" },
    good: { type: "string", default: "50" },
    sockets: { type: "string" },
    db: { type: "string", default: "mariadb" },
    only: { type: "string", default: "" },
  },
});

const quick = values.quick;
const size: Size = {
  sockets: Number(values.sockets ?? (quick ? 2_000 : 5_000)),
  never: quick ? 500 : 1_000,
  storm: quick ? 150 : 500,
  storms: quick ? 2 : 10,
  seconds: Number(values.seconds ?? (quick ? 6 : 30)),
};
const asked = values.only === "" ? [] : values.only.split(",");
const only = attackNames.filter((name) => asked.includes(name));
const isValid =
  [size.sockets, size.seconds, Number(values.good)].every((value) => Number.isSafeInteger(value) && value > 0) &&
  ["mariadb", "sqlite"].includes(values.db) &&
  only.length === asked.length;
if (!isValid) {
  console.error(usage);
  process.exit(2);
}
const database = values.db === "sqlite" ? "sqlite" : "mariadb";
const databaseDisk = mountSmallDisk(DATABASE_DISK_MB);
// Where databases of a run are made.
if (databaseDisk !== null) process.env.TMPDIR = databaseDisk.folder;
const mariadb = database === "mariadb" ? await startSharedMariadb() : null;
try {
  const report = await runAbuse({ database, good: Number(values.good), size, only, databaseDisk }, (line) =>
    console.error(line),
  );
  console.log(JSON.stringify(report, null, 2));
  process.exitCode = report.ok ? 0 : 1;
} finally {
  await mariadb?.stop();
  databaseDisk?.close();
}
process.exit();
