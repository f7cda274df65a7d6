import { DAY_MS } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";
import type { SetupView } from "#contract/setup.ts";
import type { Actor } from "#domain/permission.ts";
import { FACE_METERS, judgeSetup, nextSetupStep, type SetupFacts } from "#domain/setup.ts";
import { collectorsNow } from "#store/collectors.ts";
import { newestImports } from "#store/imports.ts";
import { activeRootVersion } from "#store/keys.ts";
import { countMeters } from "#store/meters.ts";
import type { ArchiveImportTable } from "#store/schema-imports.ts";
import {
  isDemo,
  isInstallationEmpty,
  lastFaces,
  metersHeard,
  metersToCompare,
  refusalsAtDoor,
  setupAreas,
  setupConcentrators,
  setupPrice,
  setupProject,
  skippedSteps,
} from "#store/setup.ts";
import { faceView } from "./compare-face.ts";
import type { FlowContext } from "./context.ts";
import { fullAdministrators } from "./people-change.ts";

/** Concentrators that are listed; the others are counted. */
const CONCENTRATORS_SHOWN = 50;
/** A refusal that lies further back was of another day's attempt. */
const REFUSAL_MS = DAY_MS;

/** How far the installation is (开通), as far as the actor may see it: every step judged by the data as it is now. */
export async function setupNow(ctx: FlowContext, actor: Actor): Promise<Omit<SetupView, "demo"> & { isDemo: boolean }> {
  const tx = ctx.db.read;
  const { scope } = actor;
  const now = ctx.clock();
  const project = await setupProject(tx, scope);
  const price = project === null ? undefined : await setupPrice(tx, project.id);
  const areas = project === null ? { tops: [], below: 0 } : await setupAreas(tx, scope, project.id);
  const meters = await countMeters(tx, scope);
  const [importing] = await newestImports(tx, scope.all ? null : actor.userId, 1);
  const { items: collectors } = await collectorsNow(tx, now);
  const concentrators = await setupConcentrators(tx, scope);
  const strangers = concentrators.filter((each) => each.last_seen_at === 0).map(({ id }) => id);
  const refused = await refusalsAtDoor(tx, strangers, now - REFUSAL_MS);
  const faces = await lastFaces(tx, scope);
  const candidates = await metersToCompare(tx, scope, [...faces.keys()], FACE_METERS);
  const skips = await skippedSteps(tx);
  const administrators = await fullAdministrators(tx);
  const different = [...faces.values()].filter(({ verdict }) => verdict === "different").length;
  const steps = judgeSetup({
    ...{ projects: project === null ? 0 : 1, priced: price?.electricity_e4 != null, areas: areas.below, meters },
    ...{ importing: importingState(importing), concentrators: concentrators.length, refused: refused.size },
    seen: concentrators.filter((each) => each.last_seen_at > 0).length,
    online: concentrators.filter((each) => each.online === 1).length,
    collectorUp: collectors.some(({ isUp }) => isUp),
    ...{ compared: faces.size - different, different, administrators, skipped: new Set(skips.keys()) },
  });
  const yuan = (e4: number | null | undefined) => (e4 == null ? null : formatMoney(money(e4)));
  return {
    asOf: now,
    empty: await isInstallationEmpty(tx),
    isDemo: await isDemo(tx),
    steps: steps.map(({ step, state, why }) => {
      const skip = state === "skipped" ? skips.get(step) : undefined;
      return { step, state, why, skipped: skip === undefined ? null : { by: skip.made_name, at: skip.made_at } };
    }),
    next: nextSetupStep(steps),
    project: project && {
      ...project,
      ...{ electricityPrice: yuan(price?.electricity_e4), waterPrice: yuan(price?.water_e4) },
      ...{ version: price?.version ?? 0, updatedBy: price?.updated_by ?? "", updatedAt: price?.updated_at ?? 0 },
    },
    ...{ tops: areas.tops, areas: areas.below, meters, heard: await metersHeard(tx, scope) },
    import: importing === undefined ? null : importView(importing),
    collectors: collectors.map(({ name, isUp, linkHost, linkPort, linkTlsPort }) => ({
      ...{ name, isUp, host: linkHost, port: linkPort, tlsPort: linkTlsPort },
    })),
    concentrators: concentrators.slice(0, CONCENTRATORS_SHOWN).map((row) => ({
      ...{ id: row.id, code: row.code, name: row.name, linkKind: row.link_kind, online: row.online === 1 },
      ...{ onlineChangedAt: row.online_changed_at, lastSeenAt: row.last_seen_at, meters: row.meters },
      refused: refused.get(row.id) ?? null,
    })),
    concentratorCount: concentrators.length,
    candidates: candidates.map(({ id, index_at: indexAt, ...row }) => {
      const face = faces.get(id);
      return { ...row, meterId: id, indexAt, face: face === undefined ? null : faceView(face) };
    }),
    administrators,
    hasRootKey: (await activeRootVersion(tx)) !== null,
  };
}

function importView(row: ArchiveImportTable): NonNullable<SetupView["import"]> {
  const { id, file_name: fileName, state, faults, changes, made_by: madeBy, made_at: madeAt } = row;
  return { id, fileName, state, faults, changes, madeBy, madeAt };
}

function importingState(row: ArchiveImportTable | undefined): SetupFacts["importing"] {
  switch (row?.state) {
    case "uploaded":
      return "checking";
    case "checked":
      return row.faults > 0 ? "wrong" : row.changes > 0 ? "unconfirmed" : null;
    case "outdated":
      return "unconfirmed";
    case "accepted":
    case "running":
      return "running";
    case "stopped":
      return "stopped";
    default:
      return null;
  }
}
