/** One column as a backup has it: every column of ours is a whole number of at most 64 bits, text or bytes. */
export type BackupColumn = { name: string; type: "int" | "text" | "bytes" };
/** A table as a backup has it: its columns in the order of the values of each row. */
export type BackupTable = { name: string; columns: readonly BackupColumn[] };
/** A value of a row: what is beyond the exact range of a number comes as bigint. */
export type BackupValue = string | number | bigint | Uint8Array | null;
export type BackupRow = readonly BackupValue[];

/** Not part of a backup: who is logged in (a restored system asks anew), and the list of migrations, which goes apart. */
const LEFT_OUT: ReadonlySet<string> = new Set(["migration", "session", "restoring"]);

/** Whether the rows of a table belong in a backup. */
export function isKept(table: string): boolean {
  return !LEFT_OUT.has(table);
}

/** A row as one line of JSON. Whole numbers beyond 2^53 are written as text: JSON readers would round them. Bytes are base64. */
export function rowLine(row: BackupRow): string {
  return JSON.stringify(row.map(plain));
}

function plain(value: BackupValue): string | number | null {
  if (typeof value === "bigint") return exact(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}

/** A row from its line; null when it is not one of this table. */
export function lineRow(line: string, table: BackupTable): BackupRow | null {
  const row = parsed(line);
  if (!Array.isArray(row) || row.length !== table.columns.length) return null;
  const values: BackupValue[] = [];
  for (const [i, { type }] of table.columns.entries()) {
    const value: unknown = row[i];
    if (value === null) values.push(null);
    else if (type === "text" && typeof value === "string") values.push(value);
    else if (type === "bytes" && typeof value === "string" && BASE64.test(value)) values.push(fromBase64(value));
    else if (type === "int" && Number.isSafeInteger(value)) values.push(value as number);
    else if (type === "int" && typeof value === "string" && /^-?\d{1,19}$/.test(value)) values.push(BigInt(value));
    else return null;
  }
  return values;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

function exact(value: bigint): number | string {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value.toString();
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
