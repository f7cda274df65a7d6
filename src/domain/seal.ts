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

/** A report of a trial run (试运行报告) as its fingerprint covers it: everything that stands on the paper. */
export type SealedTrial = {
  readonly no: string;
  readonly project: string;
  readonly place: string;
  readonly version: string;
  readonly begun: { readonly by: string; readonly at: number };
  readonly endedAt: number;
  readonly meters: readonly {
    readonly meterId: number;
    readonly number: string;
    readonly label: string;
    readonly address: string;
    readonly profile: string;
    readonly result: string;
    readonly attempt: number;
    readonly doneAt: number;
    readonly checks: readonly {
      readonly check: string;
      readonly outcome: string;
      readonly why: string;
      readonly figures: Readonly<Record<string, string | number>>;
    }[];
  }[];
  readonly signed: { readonly by: string; readonly name: string; readonly at: number; readonly note: string };
};

/** The text of a report of a trial run. */
export function trialText(report: SealedTrial): string {
  const { no, project, place, version, begun, endedAt, signed } = report;
  const meters = report.meters.map((each) => [
    ...[each.meterId, each.number, each.label, each.address, each.profile, each.result, each.attempt, each.doneAt],
    each.checks.map(({ check, outcome, why, figures }) => [
      ...[check, outcome, why],
      Object.entries(figures).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]),
  ]);
  const head = [no, project, place, version, begun.by, begun.at, endedAt];
  return JSON.stringify(["c", ...head, signed.by, signed.name, signed.at, signed.note, meters]);
}

/** The text of a seal: its number, the seal before it, and what it covers in order. */
export function sealText(seal: { seq: number; previous: string; hashes: readonly string[] }): string {
  return JSON.stringify([seal.seq, seal.previous, seal.hashes]);
}

/** What the first seal has before it. */
export const NO_SEAL_BEFORE = "0".repeat(64);
