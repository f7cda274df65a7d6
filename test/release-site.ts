import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Release } from "#system/release.ts";
import { type Difference, otherTree } from "../tools/package/other-version.ts";
import { layOut } from "../tools/package/tree.ts";
import { root } from "../tools/source-files.ts";
import { freePort } from "./free-port.ts";

/** How a command ended, and what it said. */
export type Said = { code: number; signal: string | null; out: string; err: string };

/** Unpacked releases to install from, small ones: their Node is the one that runs the tests, and their pages are one line. */
export type Releases = {
  readonly folder: string;
  /** This version, and others made of it. */
  tree(difference?: Difference): Promise<string>;
  remove(): void;
};

export function releases(): Releases {
  const folder = mkdtempSync(join(tmpdir(), "jichao-releases-"));
  const web = join(folder, "web");
  mkdirSync(web);
  writeFileSync(join(web, "index.html"), "<p>集抄</p>");
  const node = join(folder, "node");
  writeFileSync(node, `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 });
  let whole: Promise<Release> | null = null;
  const here = join(folder, "here");
  return {
    folder,
    async tree(difference) {
      whole ??= layOut(here, { root, web, node, source: "test" });
      await whole;
      if (difference === undefined) return here;
      const tree = join(folder, difference.version);
      otherTree(here, tree, difference);
      return tree;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** An installation below a folder of its own. */
export type Trial = {
  readonly root: string;
  readonly base: string;
  /** Runs the installer of an unpacked release. `faults`: where it is killed. */
  install(tree: string, args?: readonly string[], faults?: string): Promise<Said>;
  /** Runs `jichao` as it is installed. */
  jichao(args: readonly string[], faults?: string): Promise<Said>;
  /** The text of a file below the installation. */
  read(path: string): string;
  remove(): Promise<void>;
};

export async function trial(): Promise<Trial> {
  const place = mkdtempSync(join(tmpdir(), "jichao-trial-"));
  const [http, link] = [await freePort(), await freePort()];
  const env = (faults = "") => {
    const outer = Object.entries(process.env).filter(([name]) => !name.startsWith("JICHAO_"));
    return { ...Object.fromEntries(outer), JICHAO_FAULTS: faults };
  };
  const jichao = (args: readonly string[], faults?: string) =>
    run(join(place, "opt/jichao/current/bin/jichao"), args, env(faults));
  return {
    root: place,
    base: `http://127.0.0.1:${http}`,
    install: (tree, args = [], faults) => {
      const own = ["--root", place, "--http-port", String(http), "--link-port", String(link), "--json"];
      return run("sh", [join(tree, "install.sh"), ...own, ...args], env(faults));
    },
    jichao,
    read: (path) => readFileSync(join(place, path), "utf8"),
    async remove() {
      await jichao(["release", "stop"]).catch(() => {});
      rmSync(place, { recursive: true, force: true });
    },
  };
}

function run(program: string, args: readonly string[], env: Record<string, string | undefined>): Promise<Said> {
  return new Promise((resolve) => {
    execFile(program, [...args], { env, cwd: tmpdir(), maxBuffer: 1 << 26 }, (error, out, err) => {
      const { code = 0, signal = null } = (error ?? {}) as { code?: number | string; signal?: string | null };
      resolve({ code: typeof code === "number" ? code : 1, signal: signal ?? null, out, err });
    });
  });
}

/** A cashier of an installation: takes one payment for a prepaid meter and hears of it. */
export async function cashierAt(base: string, password: string) {
  const headers: Record<string, string> = { origin: base, "content-type": "application/json" };
  const ask = async (path: string, body?: object) => {
    const answer = await fetch(`${base}/api${path}`, {
      ...{ method: body ? "POST" : "GET", headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const set = answer.headers.getSetCookie()[0];
    if (set !== undefined) headers.cookie = set.split(";")[0] ?? "";
    const told = (await answer.json()) as Record<string, unknown>;
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(told)}`);
    return told;
  };
  await ask("/session", { login: "admin", password });
  const { tiles } = (await ask("/board")) as { tiles: { meterId: number; mode: string }[] };
  const meters = tiles.filter(({ mode }) => mode === "prepaid").map(({ meterId }) => meterId);
  let made = 0;
  return {
    ask,
    /** Answers the number of the order. */
    async take(amount: string): Promise<string> {
      const meterId = meters[made++ % meters.length];
      const key = `release-key-${amount.replace(".", "-")}-${made}`;
      return String((await ask("/recharges", { key, meterId, amount, channel: "cash" })).orderNo);
    },
  };
}
