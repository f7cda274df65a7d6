import type { FileHandle } from "node:fs/promises";
import { mkdir, open, readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { DAY_MS } from "#base/time.ts";
import { SEGMENT_HEAD } from "./record.ts";

/** Segment files of one collector: written one after the other, the oldest taken away. */
export type Ring = {
  /** Appends; throws when the disk does not take it. True: a new segment was begun for it. */
  append(bytes: Uint8Array): Promise<boolean>;
  /** Ends the segment: the next append begins a new one. */
  end(): Promise<void>;
};

/** Older is nobody's business any more. */
const KEPT_MS = 30 * DAY_MS;
/** The folder is for the program alone: what is on the wire holds passwords of meters. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** At least so many, so that the cap never takes what was just written. */
const SEGMENTS_MIN = 2;

/** Why nothing is written: the disk has less room than is left for the database and the rest. */
export class NoRoom extends Error {}

/** A ring in a folder, of so many bytes at most. `reserveBytes` stay free on its disk. */
export function createRing(options: {
  folder: string;
  bytesMax: number;
  segmentBytes: number;
  reserveBytes: number;
  now(): number;
}): Ring {
  const { folder, segmentBytes } = options;
  let file: FileHandle | null = null;
  let written = 0;
  let last: number | null = null;

  async function begin(): Promise<void> {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    await prune();
    await demandRoom();
    last ??= Math.max(0, ...(await segments(folder)).map(numberOf));
    const next = await open(join(folder, nameOf(++last)), "wx", FILE_MODE);
    try {
      await next.write(SEGMENT_HEAD);
    } catch (error) {
      await next.close();
      throw error;
    }
    file = next;
    written = SEGMENT_HEAD.length;
  }

  async function demandRoom(): Promise<void> {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < options.reserveBytes) throw new NoRoom("the disk has too little room left");
  }

  async function prune(): Promise<void> {
    const names = await segments(folder);
    const keep = Math.max(SEGMENTS_MIN, Math.floor(options.bytesMax / segmentBytes)) - 1;
    const tooMany = new Set(names.slice(0, Math.max(0, names.length - keep)));
    for (const name of names) {
      const path = join(folder, name);
      const isOld = tooMany.has(name) || options.now() - (await stat(path)).mtimeMs > KEPT_MS;
      if (isOld) await rm(path, { force: true });
    }
  }

  async function end(): Promise<void> {
    const ending = file;
    file = null;
    await ending?.close().catch(() => {});
  }

  return {
    async append(bytes) {
      let isNew = false;
      if (file === null || written + bytes.length > segmentBytes) {
        await end();
        await begin();
        isNew = true;
      }
      await demandRoom();
      await file?.write(bytes);
      written += bytes.length;
      return isNew;
    },
    end,
  };
}

/** Names of the segments in a folder, oldest first; none when there is no such folder. */
export async function segments(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => /^\d{10}\.cap$/.test(name)).sort();
  } catch {
    return [];
  }
}

function nameOf(number: number): string {
  return `${String(number).padStart(10, "0")}.cap`;
}

function numberOf(name: string): number {
  return Number(name.slice(0, 10));
}
