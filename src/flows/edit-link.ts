import { AppError } from "#base/errors.ts";
import type { ConcentratorLinkRequest } from "#contract/collection.ts";
import { type ConcentratorLink, type DtuPackets, isGuardedLess, linkFault } from "#domain/link.ts";
import type { Actor } from "#domain/permission.ts";
import { changeConcentrator } from "#store/archive.ts";
import { archiveChanged } from "#store/archive-revisions.ts";
import { sentCommandsBehind } from "#store/commands.ts";
import { parseSources } from "#store/concentrators.ts";
import type { Tx } from "#store/db.ts";
import type { ConcentratorTable } from "#store/schema-archive.ts";
import { nextNumbers } from "#store/sequences.ts";
import { auditArchive, concentratorSeen } from "./archive-step.ts";
import { decide } from "./decide.ts";
import type { SealingContext } from "./edit-concentrator.ts";
import { demandOwnFingerprint } from "./link-policy.ts";
import { linkKeyPurpose } from "./meter-keys.ts";
import { demandOneBus } from "./meter-place.ts";

const NO_KEY = new Uint8Array(0);

type Input = ConcentratorLinkRequest & { id: number; ip: string };

/**
 * Changes how a concentrator comes (接入): kind of link, who dials whom, TLS and certificate, networks, and what may be done over it. Its
 * session is given up within seconds and begins anew under the new rules. Refused while commands are on their way: their answers would
 * be judged by other rules than those under which they were sent.
 */
export async function editLink(ctx: SealingContext, actor: Actor, input: Input): Promise<void> {
  await decide(ctx.db, async (tx) => {
    await nextNumbers(tx, `bus:${input.id}`); // nobody hangs a meter on another bus meanwhile
    const before = await concentratorSeen(tx, actor, input);
    // JCP/1 proves itself: all may be done over it. TLS is for those that dial us.
    const trust = input.linkKind === "jichao" ? "full" : input.trust;
    const address = input.host === null || input.port === null ? null : { host: input.host, port: input.port };
    const dtu = input.linkKind === "transparent" ? packetsOf(before) : null;
    const link: ConcentratorLink = { kind: input.linkKind, direction: input.direction, address, trust, dtu };
    demandRight(before.code, { ...link, channel: input.channel });
    const guard = { kind: link.kind, trust, channel: input.channel, sources: input.sources };
    const { lockSource, fingerprint } = input;
    const isWeaker = isGuardedLess(guardOf(before), { ...guard, lockSource, fingerprint });
    if (isWeaker && !input.confirmed) throw new AppError("link_guarded_less");
    await demandOwnFingerprint(tx, before.id, fingerprint);
    if (link.kind === "transparent") await demandOneBusOnly(tx, before.id);
    const commands = await sentCommandsBehind(tx, before.id);
    if (commands > 0) throw new AppError("concentrator_busy", { commands });
    const at = ctx.clock();
    const after = {
      link_kind: link.kind,
      direction: link.direction,
      host: address?.host ?? null,
      port: address?.port ?? null,
      trust,
      channel: input.channel,
      sources: input.sources === null ? null : JSON.stringify(input.sources),
      lock_source: lockSource ? (1 as const) : (0 as const),
      tls_fingerprint: fingerprint,
      dtu_packets: dtu === null ? null : before.dtu_packets,
      ...(input.forgetSource ? { first_source: null } : {}),
    };
    const newKey = keyFor(ctx, before, input);
    const ended = { owner: null, epoch: before.epoch + 1, lease_until: 0, online: 0 as const, online_changed_at: at };
    if (!(await changeConcentrator(tx, before, { ...after, ...newKey, ...ended }))) {
      throw new AppError("archive_changed", { what: before.name });
    }
    await archiveChanged(tx, [before.id]);
    const { key_sealed: _, ...told } = before;
    const entry = { actor: actor.login, action: "concentrator.link" as const, object: `concentrator:${before.id}` };
    const change = { before: told, after: { ...after, newKey: "key_sealed" in newKey, guardedLess: isWeaker } };
    await auditArchive(ctx, tx, { ...entry, ...change, reason: input.reason, ip: input.ip, at });
  });
}

function guardOf(row: ConcentratorTable) {
  return {
    kind: row.link_kind,
    channel: row.channel,
    trust: row.trust,
    sources: row.sources === null ? null : parseSources(row.sources),
    lockSource: row.lock_source === 1,
    fingerprint: row.tls_fingerprint,
  };
}

function demandRight(code: string, link: ConcentratorLink): void {
  const fault = linkFault(code, link);
  if (fault === null) return;
  if (fault === "code" || fault === "terminal_address") throw new AppError("concentrator_code_invalid", { code });
  if (fault === "channel") throw new AppError("link_channel_dialled");
  if (fault === "address") throw new AppError("link_address_wrong");
  throw new AppError("link_packets_missing");
}

function packetsOf(row: ConcentratorTable): DtuPackets | null {
  return row.dtu_packets === null ? null : (JSON.parse(row.dtu_packets) as DtuPackets);
}

/** A link that proves itself by key needs the device's; one that does not forgets it. */
function keyFor(ctx: SealingContext, before: ConcentratorTable, input: Input): { key_sealed?: string } {
  const isKeyed = input.linkKind === "jichao";
  if (isKeyed && input.linkKey === null && before.link_kind === "jichao") return {};
  if (isKeyed && input.linkKey === null) throw new AppError("link_key_missing");
  const bytes = isKeyed ? Buffer.from(input.linkKey ?? "", "hex") : NO_KEY;
  return { key_sealed: ctx.sealer.seal(bytes, linkKeyPurpose(before.code)) };
}

/** Behind a plain DTU there is one bus: its bytes carry no port. */
async function demandOneBusOnly(tx: Tx, concentratorId: number): Promise<void> {
  const first = await tx
    .selectFrom("meter")
    .select("bus")
    .where("concentrator_id", "=", concentratorId)
    .where("retired_at", "is", null)
    .executeTakeFirst();
  if (first) await demandOneBus(tx, { concentratorId, bus: first.bus, meterId: null });
}
