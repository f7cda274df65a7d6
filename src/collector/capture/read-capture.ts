import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CaptureRecord, recordsIn } from "./record.ts";
import { segments } from "./ring.ts";

/** A record with whose connection it was: the code once it is known, and where it came from. */
export type CapturedLine = { record: CaptureRecord; code: string | null; source: string };

/** Everything that the collectors of a data folder kept, collector by collector, segment by segment. */
export async function* readCapture(folder: string): AsyncGenerator<CapturedLine> {
  for (const collector of await foldersIn(folder)) {
    const people = new Map<number, { code: string | null; source: string }>();
    for (const name of await segments(join(folder, collector))) {
      // The oldest segments are taken away while this one reads.
      const bytes = await readFile(join(folder, collector, name)).catch(() => Buffer.alloc(0));
      for (const record of recordsIn(bytes)) {
        if (record.type === "begun") people.clear();
        if (record.type === "opened") people.set(record.connection, { code: null, source: record.source });
        if (record.type === "named") people.set(record.connection, { code: record.code, source: record.source });
        yield { record, ...(people.get(record.connection) ?? { code: null, source: "" }) };
        if (record.type === "closed") people.delete(record.connection);
      }
    }
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}
