/**
 * What a seal (封签) covers, as text: every column of a transfer with its lines, or of a resolution, in a fixed order. JSON of an array,
 * so that no two different rows have the same text.
 */
export type SealedTransfer = {
  readonly id: string;
  readonly kind: string;
  readonly pending: number;
  readonly at: number;
  readonly actor: string;
  readonly order_no: string | null;
  readonly meter_id: number | null;
  readonly memo: string;
  readonly entries: readonly { readonly line: number; readonly account_id: string; readonly amount_e4: number }[];
};

/** A resolution as a seal covers it. */
export type SealedResolution = {
  readonly transfer_id: string;
  readonly outcome: string;
  readonly at: number;
  readonly actor: string;
};

/** The text of a transfer. */
export function transferText(row: SealedTransfer): string {
  const entries = [...row.entries].sort((a, b) => a.line - b.line).map((each) => [each.account_id, each.amount_e4]);
  return JSON.stringify([
    "t",
    row.id,
    row.kind,
    row.pending,
    row.at,
    row.actor,
    row.order_no,
    row.meter_id,
    row.memo,
    entries,
  ]);
}

/** The text of a resolution. */
export function resolutionText(row: SealedResolution): string {
  return JSON.stringify(["r", row.transfer_id, row.outcome, row.at, row.actor]);
}

/** A row of the audit (审计日志) as a seal covers it; `before` and `after` are the texts that are stored. */
export type SealedAudit = {
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly reason: string;
  readonly ip: string;
};

/** The text of a row of the audit. */
export function auditText(row: SealedAudit): string {
  const { id, at, actor, action, object, before, after, reason, ip } = row;
  return JSON.stringify(["a", id, at, actor, action, object, before, after, reason, ip]);
}

/** The text of a seal: its number, the seal before it, and what it covers in order. */
export function sealText(seal: { seq: number; previous: string; hashes: readonly string[] }): string {
  return JSON.stringify([seal.seq, seal.previous, seal.hashes]);
}

/** What the first seal has before it. */
export const NO_SEAL_BEFORE = "0".repeat(64);
