import { parseArgs } from "node:util";
import { buildWeb } from "../build-web.ts";
import { root } from "../source-files.ts";
import { commitOf, nodeHere, pack, releaseFolder } from "./pack.ts";

const { values } = parseArgs({ options: { out: { type: "string", default: releaseFolder(root) } } });
const { outDir: web } = await buildWeb();
const { release, ...packed } = await pack(values.out, { root, web, node: nodeHere, ...commitOf(root) });
const { version, platform, node, source } = release;
console.log(JSON.stringify({ ...packed, version, platform, node, source, migrations: release.migrations.length }));
