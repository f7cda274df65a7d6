/** Rows of lists, tables and charts, wherever an answer has them at its top. */
const ROWS: ReadonlySet<string> = new Set([
  ...["items", "tiles", "children", "parts", "steps", "areas", "links", "alarms", "waiting"],
  ...["rules", "runs", "candidates", "units", "channels", "meterList"],
]);
/** What counts or sums rows: there is none, or nothing is known. */
const COUNTS: ReadonlySet<string> = new Set([
  ...["total", "waiting", "online", "masters", "customers", "meters", "missing", "negative", "incomplete", "unknown"],
  ...["hidden", "counts", "sum", "leftYuan"],
]);
const SUMS: ReadonlySet<string> = new Set(["usageWh", "sumWh", "lossWh", "beforeWh", "cost", "daySums"]);

/** Answers that are nothing but counts. */
const ONLY_COUNTS = /^\/api\/(?:recharges\/totals|refunds\/totals|alarms\/summary)\b/;
/** What always has its parts: a payment, a trial run, the roles of the system, what is set for each project. */
const NEVER_EMPTY = /^\/api\/(?:session\b|payments\/|trials\/C|roles\b|approval-rules\b|alarm-rules\b)/;

/** The same answer of the server to `path`, if there were no rows. */
export function emptied(path: string, answer: unknown): unknown {
  if (!isRecord(answer) || NEVER_EMPTY.test(path)) return answer;
  if (ONLY_COUNTS.test(path)) return { ...zeroedFields(answer), asOf: answer.asOf };
  if (!Object.entries(answer).some(([key, value]) => ROWS.has(key) && Array.isArray(value))) return answer;
  return Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, without(key, value)]));
}

function without(key: string, value: unknown): unknown {
  if (ROWS.has(key) && Array.isArray(value)) return [];
  if (COUNTS.has(key)) return zeroed(value);
  if (SUMS.has(key)) return Array.isArray(value) ? value.map(() => null) : null;
  if (key === "more") return false;
  return key === "next" ? null : value;
}

function zeroed(value: unknown): unknown {
  if (typeof value === "number") return 0;
  if (typeof value === "string") return "0.0000";
  if (Array.isArray(value)) return value.every(isRecord) ? [] : value;
  return isRecord(value) ? zeroedFields(value) : value;
}

function zeroedFields(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, zeroed(each)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
