import { spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of its own, so that it can be full without the rest. */
export type SmallDisk = {
  folder: string;
  /** Takes every block down to the last. */
  fill(): void;
  /** Gives back what {@link fill} took. */
  free(): void;
  close(): void;
};

/** Mounts a file system of `megabytes` at a folder, a new one when left out; null where nobody may mount one. */
export function mountSmallDisk(megabytes: number, at?: string): SmallDisk | null {
  const made = at === undefined ? mkdtempSync(join(tmpdir(), "jichao-disk-")) : null;
  const folder = at ?? made!;
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755); // a database server is another user
  const removeMade = () => made !== null && rmSync(made, { recursive: true, force: true });
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]).status !== 0) {
    removeMade();
    return null;
  }
  const filler = join(folder, "filler");
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    spawnSync("umount", ["-l", folder]);
    removeMade();
  };
  process.once("exit", close);
  return {
    folder,
    fill() {
      const block = new Uint8Array(1 << 20);
      try {
        for (;;) appendFileSync(filler, block);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    },
    free: () => rmSync(filler, { force: true }),
    close,
  };
}
