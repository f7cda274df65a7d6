import { startMariadb } from "../../test/mariadb.ts";
import { rehearseInstall } from "./install.ts";
import { stage } from "./stage.ts";
import { rehearseUpgrade } from "./upgrade.ts";

/** The part of a rehearsal that runs apart from the machine: a database server, then the commands of the manual. */
const [what, place = "", packages = "{}"] = process.argv.slice(2);
const played = stage();
const server = await played.step("MariaDB is up", startMariadb);
if (server === null) throw new Error("no MariaDB here: sudo apt-get install -y mariadb-server");
try {
  const input = { place, packages: JSON.parse(packages) as Record<string, string>, admin: server.url, played };
  const report = what === "install" ? await rehearseInstall(input) : await rehearseUpgrade(input);
  console.log(JSON.stringify({ ...report, steps: played.steps }));
} catch (error) {
  console.error(error);
  console.log(JSON.stringify({ ok: false, problem: String(error), steps: played.steps }));
} finally {
  await server.stop();
  process.exit();
}
