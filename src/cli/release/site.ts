import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { releaseIn } from "#system/release.ts";

/** Who owns what the programs write; null: whoever runs this. */
export type Owner = { name: string; uid: number; gid: number };

/**
 * Where an installation lies. `root` is "" on a machine of its own; below another folder (a trial, a test) nothing outside of that is touched: no user, no
 * units, no command for everybody.
 */
export type Place = {
  readonly root: string;
  readonly versions: string;
  readonly current: string;
  /** Variables of the programs; those of `jichao migrate` and the address for tools of reports, which only root may read. */
  readonly settings: string;
  readonly migrateSettings: string;
  readonly readSettings: string;
  readonly firstPassword: string;
  readonly dataDir: string;
  /** What installations, upgrades and ways back have got to. */
  readonly state: string;
};

/** Lays out an installation below a folder, "" for the machine's own. */
export function placeAt(root: string): Place {
  const home = join(root || "/", "opt/jichao");
  const etc = join(root || "/", "etc/jichao");
  return {
    root,
    versions: join(home, "versions"),
    current: join(home, "current"),
    settings: join(etc, "jichao.env"),
    migrateSettings: join(etc, "migrate.env"),
    readSettings: join(etc, "read.env"),
    firstPassword: join(etc, "first-password"),
    dataDir: join(root || "/", "var/lib/jichao"),
    state: join(home, "state"),
  };
}

/** The installation to which a program in this folder belongs; the machine's own when it was not installed yet. */
export function placeOf(programFolder: string): Place {
  const [, root = ""] = /^(.*)\/opt\/jichao\/versions\/[^/]+$/.exec(programFolder) ?? [];
  return placeAt(root);
}

/** The version that `current` leads to; null when there is none. */
export function currentVersion(place: Place): string | null {
  try {
    const version = basename(readlinkSync(place.current));
    return releaseIn(join(place.versions, version)) === null ? null : version;
  } catch {
    return null;
  }
}

/** The user of this name as the machine knows him, or null. */
export function ownerNamed(name: string): Owner | null {
  try {
    const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" }));
    return { name, uid: id("-u"), gid: id("-g") };
  } catch {
    return null;
  }
}

/** Makes a folder, or sets the rights of one that is there. */
export function folder(path: string, mode: number, owner: Owner | null): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  if (owner !== null) chownSync(path, owner.uid, owner.gid);
}

/** Writes a file so that after a kill or a power cut it is the old one or the new one, and nobody else could ever read it. */
export function writeWhole(path: string, text: string, rights: { mode: number; uid?: number; gid?: number }): void {
  const writing = `${path}.writing`;
  const file = openNew(writing);
  try {
    writeSync(file, text);
    if (rights.uid !== undefined && rights.gid !== undefined) fchownSync(file, rights.uid, rights.gid);
    fchmodSync(file, rights.mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(writing, path);
  syncFolder(dirname(path));
}

/**
 * Opens a new file for its owner alone. What is there of this name is removed, never followed: in a folder of the programs' user somebody may have put a
 * link to a file of root's. For the same reason rights are set on what is open, not by its name.
 */
export function openNew(path: string): number {
  rmSync(path, { force: true });
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
}

/** Puts the names in a folder onto the disk. */
export function syncFolder(path: string): void {
  const file = openSync(resolve(path), "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The variables of a file `NAME=value`, as systemd and Node read it; none when there is no file. */
export function settingsIn(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  const found: Record<string, string> = {};
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [, name, value = ""] = /^\s*([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) found[name] = value.replace(/^"(.*)"$/, "$1").replace(/^'(.*)'$/, "$1");
  }
  return found;
}

/** The text of a settings file with one variable set to another value; everything else, comments too, stays. */
export function withSetting(text: string, name: string, value: string): string {
  const line = `${name}=${value}`;
  const lines = text.split("\n");
  const at = lines.findIndex((each) => new RegExp(`^\\s*${name}\\s*=`).test(each));
  if (at >= 0) return lines.with(at, line).join("\n");
  return `${text.replace(/\n*$/, "")}\n${line}\n`.replace(/^\n/, "");
}

const upgrade = z.object({
  from: z.string(),
  to: z.string(),
  /** What is behind it: the version is placed (nobody notes that any more); a backup is taken; tables may be changed; done; gone back. */
  stage: z.enum(["placed", "backed_up", "migrating", "done", "went_back"]),
  backup: z.string().nullable(),
});
/** How far the last upgrade has come, and the backup that was taken before it. */
export type Upgrade = z.infer<typeof upgrade>;

const back = z.object({
  to: z.string(),
  /** The list of money that came in after the backup; the new database once it is whole. */
  list: z.string(),
  database: z
    .object({ programs: z.string(), migrate: z.string().nullable(), readOnly: z.string().nullable() })
    .nullable(),
});
/** How far a way back by a restore has come. */
export type WayBack = z.infer<typeof back>;

/** The last upgrade; null when there was none. */
export const readUpgrade = (place: Place): Upgrade | null => read(join(place.state, "upgrade.json"), upgrade);
/** The way back that is not at its end; null when there is none. */
export const readWayBack = (place: Place): WayBack | null => read(join(place.state, "rollback.json"), back);

/** Notes how far an upgrade has come. */
export function noteUpgrade(place: Place, state: Upgrade): void {
  writeWhole(join(place.state, "upgrade.json"), `${JSON.stringify(state)}\n`, { mode: 0o600 });
}

/** Notes how far a way back has come; null when it is at its end. */
export function noteWayBack(place: Place, state: WayBack | null): void {
  const file = join(place.state, "rollback.json");
  if (state === null) rmSync(file, { force: true });
  else writeWhole(file, `${JSON.stringify(state)}\n`, { mode: 0o600 });
}

function read<T>(file: string, schema: z.ZodType<T>): T | null {
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, "utf8"))) : null;
}
