import { z } from "zod";
import { type Instant, instant } from "#base/time.ts";
import type { LinkChannel, LinkKind, LinkTrust } from "#domain/link.ts";
import type { Tx } from "./db.ts";
import { saveSetting } from "./settings.ts";

const RISK = "link_risk:";
const stored = z.object({ reason: z.string() });

/** Somebody has taken the risk of links without proof of identity for a project (明文风险开关): who, when, and why. */
export type LinkRisk = { projectId: number; by: string; since: Instant; reason: string };

/** The risk that was taken for a project; null when it was not. */
export async function linkRiskOf(tx: Tx, projectId: number): Promise<LinkRisk | null> {
  const row = await tx.selectFrom("setting").selectAll().where("key", "=", `${RISK}${projectId}`).executeTakeFirst();
  return row ? toRisk(row) : null;
}

/** Every project for which it was taken. */
export async function allLinkRisks(tx: Tx): Promise<LinkRisk[]> {
  const rows = await tx.selectFrom("setting").selectAll().where("key", "like", `${RISK}%`).execute();
  return rows.map(toRisk);
}

/** Takes the risk for a project. */
export function takeLinkRisk(
  tx: Tx,
  { projectId, by, reason, at }: { projectId: number; by: string; reason: string; at: Instant },
): Promise<void> {
  return saveSetting(tx, { key: `${RISK}${projectId}`, value: JSON.stringify({ reason }), by, at });
}

/** Gives the risk of a project up. False when it was not taken. */
export async function dropLinkRisk(tx: Tx, projectId: number): Promise<boolean> {
  const gone = await tx.deleteFrom("setting").where("key", "=", `${RISK}${projectId}`).executeTakeFirst();
  return Number(gone.numDeletedRows) > 0;
}

/** The link over which a meter is spoken to, and whether the risk was taken for its project. */
export async function linkOfMeter(
  tx: Tx,
  meterId: number,
): Promise<{ link: { kind: LinkKind; channel: LinkChannel; trust: LinkTrust }; riskTaken: boolean }> {
  const row = await tx
    .selectFrom("meter")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .where("meter.id", "=", meterId)
    .select(["meter.project_id", "concentrator.link_kind as kind", "concentrator.channel", "concentrator.trust"])
    .executeTakeFirstOrThrow();
  const { project_id, ...link } = row;
  return { link, riskTaken: (await linkRiskOf(tx, project_id)) !== null };
}

function toRisk(row: { key: string; value: string; updated_by: string; updated_at: number }): LinkRisk {
  const reason = stored.safeParse(parsed(row.value)).data?.reason ?? "";
  return { projectId: Number(row.key.slice(RISK.length)), by: row.updated_by, since: instant(row.updated_at), reason };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
