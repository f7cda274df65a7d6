import { homedir, hostname, tmpdir } from "node:os";
import { dirname } from "node:path";
import { root } from "../source-files.ts";

/** What a machine is called and where its things lie. */
export type Place = { root: string; home: string; temporary: string; host: string; node: string };

/** This machine. */
export const here: Place = {
  root,
  home: homedir(),
  temporary: tmpdir(),
  host: hostname(),
  node: dirname(process.execPath),
};

/** Shorter names of hosts are words that mean something else. */
const HOST_CHARS_MIN = 4;

/**
 * Takes out of a text what the people who get a report need not know: paths of the machine, its name, passwords in addresses, keys. What is
 * measured stays as it is.
 */
export function scrubbed(text: string, place: Place = here): string {
  let clean = text;
  const paths = [
    [place.root, "."],
    [place.node, "<node>"],
    [place.temporary, "<tmp>"],
    [place.home, "~"],
  ] as const;
  for (const [path, name] of paths) {
    if (path.length > 1) clean = clean.replaceAll(path, name);
  }
  clean = clean
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, "$1…@")
    .replace(
      /(\b[A-Z_]*(?:PASSWORD|SECRET|TOKEN|KEY)=|"(?:password|secret|token|masterKey|key)"\s*:\s*")[^\s",}]+/g,
      "$1…",
    )
    .replace(/\b[0-9a-f]{64}\b/gi, "…");
  const host = place.host;
  if (host.length < HOST_CHARS_MIN || host === "localhost") return clean;
  return clean.replace(
    new RegExp(`(?<![\\w-])${host.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`, "g"),
    "<host>",
  );
}
