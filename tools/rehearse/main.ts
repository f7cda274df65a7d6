import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWeb } from "../build-web.ts";
import { becomeOther } from "../package/other-version.ts";
import { commitOf, nodeHere, type Packed, pack } from "../package/pack.ts";
import { root } from "../source-files.ts";
import { apart } from "./apart.ts";
import { LATER, OLDER, UNMARKED } from "./versions.ts";

/**
 * Installs, or upgrades and goes back, as a person with the manual does: from packed releases, at the real places of a machine that has no network and
 * forgets everything afterwards. Prints one line of JSON with a clock for each step.
 */
const usage = `usage (as root, on Linux): npm run rehearse -- install   a release on a bare machine, to the first reading of a meter in a browser
                           npm run rehearse -- upgrade   an upgrade, killed after each step, and both ways back`;

const [what = ""] = process.argv.slice(2);
if ((what !== "install" && what !== "upgrade") || process.getuid?.() !== 0) {
  console.error(usage);
  process.exit(2);
}
const place = mkdtempSync(join(tmpdir(), "jichao-rehearsal-"));
try {
  const { outDir: web } = await buildWeb({ quiet: true });
  const ingredients = { root, web, node: nodeHere, ...commitOf(root) };
  const packed: Record<string, Packed> = { now: await pack(join(place, "now"), ingredients) };
  if (what === "upgrade") {
    const older = (tree: string) => becomeOther(tree, { version: OLDER, without: ["0033_marks"] });
    const later = (tree: string) => becomeOther(tree, { version: LATER, withUnmarked: UNMARKED });
    packed.older = await pack(join(place, "older"), { ...ingredients, change: older });
    packed.later = await pack(join(place, "later"), { ...ingredients, change: later });
  }
  const packages = Object.fromEntries(Object.entries(packed).map(([name, { file }]) => [name, file]));
  const report = await apart(what, place, packages);
  const { now } = packed;
  const made = now && { bytes: now.bytes, sha256: now.sha256, tookMs: now.tookMs, source: now.release.source };
  console.log(JSON.stringify({ rehearsal: what, package: made, ...report }));
  process.exitCode = report.ok === true ? 0 : 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}
