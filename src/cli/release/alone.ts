import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Place } from "./site.ts";
import { Refused } from "./steps.ts";

/**
 * Does work while nobody else does such work on the same installation: two at once would do half of each other's. The lock is the kernel's, on an empty
 * database of SQLite: it is taken in one moment, goes with the process that holds it however that ends, is not inherited by programs that it starts, and
 * nobody can take it away from another one. Its file stays.
 */
export async function alone<T>(place: Place, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(place.state), { recursive: true });
  mkdirSync(place.state, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(join(place.state, "running.lock"), { timeout: 0 });
  try {
    take(lock);
    return await work();
  } finally {
    lock.close();
  }
}

function take(lock: DatabaseSync): void {
  try {
    lock.exec("begin exclusive");
  } catch (cause) {
    if (!(cause instanceof Error && "errcode" in cause && cause.errcode === SQLITE_BUSY)) throw cause;
    throw new Refused(
      "另一个安装、升级或退回正在进行,未作改动",
      "another installation, upgrade or way back is under way; nothing was changed",
      { cause },
    );
  }
}

const SQLITE_BUSY = 5;
