import { AppError } from "#base/errors.ts";
import { DAY_MS } from "#base/time.ts";
import { linkPolicyRequest, linkRiskRequest, linksView } from "#contract/links.ts";
import { provesIdentity } from "#domain/link.ts";
import { setLinkPolicy } from "#flows/link-policy.ts";
import { setLinkRisk } from "#flows/link-risk.ts";
import { linkAlarms, linkRows } from "#store/link-pages.ts";
import { allLinkRisks } from "#store/link-risk.ts";
import { projectsInScope } from "#store/off-stops.ts";
import { addRoute, noContent, nothing, type Routes } from "../route.ts";

const ALARMS_MAX = 200;
const ALARMS_MS = 7 * DAY_MS;
const reasonMistake = { reason: () => new AppError("reason_required") };

/** The door through which concentrators come (接入通道): who proves what, from where, the risk of plain links, and alarms. */
export function linkRoutes(routes: Routes): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/links",
    access: "board.view",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: linksView,
    async handle({ actor }) {
      const tx = ctx.db.read;
      const now = ctx.clock();
      const [rows, risks] = [await linkRows(tx, actor.scope), await allLinkRisks(tx)];
      const projects = (await projectsInScope(tx, actor.scope)).map(({ id, name }) => {
        const risk = risks.find((each) => each.projectId === id) ?? null;
        const unproved = rows.filter((row) => row.projectId === id && row.trust !== "none" && !provesIdentity(row));
        return {
          projectId: id,
          name,
          unproved: unproved.length,
          risk: risk && { by: risk.by, since: risk.since, reason: risk.reason },
        };
      });
      const alarms = await linkAlarms(tx, actor.scope, { since: now - ALARMS_MS, limit: ALARMS_MAX });
      const links = rows.map(({ id: _, projectId: __, ...row }) => row);
      return { asOf: now, projects, links, alarms };
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/links/risk",
    access: "settings.manage",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: linkRiskRequest,
    answer: noContent,
    mistakes: reasonMistake,
    async handle({ actor, body, ip }) {
      await setLinkRisk(ctx, actor, { ...body, ip });
      return undefined;
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/links/policy",
    access: "settings.manage",
    stepUp: true,
    params: nothing,
    query: nothing,
    body: linkPolicyRequest,
    answer: noContent,
    mistakes: { ...reasonMistake, sources: () => new AppError("link_sources_wrong") },
    async handle({ actor, body, ip }) {
      await setLinkPolicy(ctx, actor, { ...body, ip });
      return undefined;
    },
  });
}
