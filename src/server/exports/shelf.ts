import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { AppError } from "#base/errors.ts";
import { randomToken } from "#system/crypto.ts";

/** Where files of exports lie until they are taken away: one folder of the server's own. */
export type Shelf = {
  /** A name that nobody can guess. */
  newName(): string;
  /** What the files of one person together may hold, in bytes: nobody leaves others without room. */
  readonly shareMax: number;
  /**
   * Writes a file whole and to the disk; answers its bytes. What was written of one that breaks off is removed. `held`: the bytes of other
   * files of the same person.
   */
  keep(name: string, file: Readable, held?: number): Promise<number>;
  /** The file; null when it is not here. */
  take(name: string): Promise<Readable | null>;
  drop(name: string): Promise<void>;
  /** Removes files that are not of `kept` and were not written to since; says how many. */
  sweep(kept: ReadonlySet<string>, since: number): Promise<number>;
};

const NAME = /^[\w-]{20,64}\.xlsx$/;
/** The room is measured again whenever a file has grown by so much: others write at the same time. */
const MEASURED_EVERY = 4 * 1024 * 1024;
const MEGABYTE = 1024 * 1024;
/** What the system says when a disk or a person's share of it is full. */
const FULL = ["ENOSPC", "EDQUOT"];

/** A shelf in this folder, made when it is first needed. All files together never hold more than `bytesMax`. */
export function createShelf({ folder, bytesMax }: { folder: string; bytesMax: number }): Shelf {
  const full = () => new AppError("export_disk_full", { mb: Math.floor(bytesMax / MEGABYTE) });

  const shareMax = Math.floor(bytesMax / 2);
  const shareFull = () => new AppError("export_share_full", { mb: Math.floor(shareMax / MEGABYTE) });

  async function write(name: string, file: Readable, held: number): Promise<number> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const target = await open(join(folder, name), "wx", 0o600);
    try {
      let [bytes, measuredAt, others] = [0, 0, await bytesIn(folder, name)];
      for await (const part of file as AsyncIterable<Buffer>) {
        if (bytes - measuredAt > MEASURED_EVERY) [measuredAt, others] = [bytes, await bytesIn(folder, name)];
        if (others + bytes + part.length > bytesMax) throw full();
        if (held + bytes + part.length > shareMax) throw shareFull();
        await target.write(part);
        bytes += part.length;
      }
      await target.sync();
      return bytes;
    } finally {
      await target.close();
    }
  }

  const drop = (name: string) => rm(join(folder, name), { force: true });

  return {
    shareMax,
    newName: () => `${randomToken(24)}.xlsx`,
    async keep(name, file, held = 0) {
      try {
        return await write(name, file, held);
      } catch (error) {
        await drop(name);
        throw FULL.includes((error as NodeJS.ErrnoException).code ?? "") ? full() : error;
      }
    },
    async take(name) {
      if (!NAME.test(name)) return null;
      const path = join(folder, name);
      const found = await stat(path).catch(() => null);
      return found === null ? null : createReadStream(path);
    },
    drop,
    async sweep(kept, since) {
      let removed = 0;
      for (const name of await namesIn(folder)) {
        if (!NAME.test(name) || kept.has(name)) continue;
        const found = await stat(join(folder, name)).catch(() => null);
        if (found === null || found.mtimeMs > since) continue;
        await drop(name);
        removed++;
      }
      return removed;
    },
  };
}

async function bytesIn(folder: string, except: string): Promise<number> {
  let sum = 0;
  for (const name of await namesIn(folder)) {
    if (name !== except) sum += (await stat(join(folder, name)).catch(() => null))?.size ?? 0;
  }
  return sum;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
