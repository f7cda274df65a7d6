import { z } from "zod";
import { AppError } from "#base/errors.ts";
import {
  acknowledged,
  acknowledgeRequest,
  alarm,
  alarmFilter,
  alarmQuery,
  alarmRuleRequest,
  alarmRules,
  alarmSummary,
  alarms,
  VISIT_BYTES_MAX,
  visitRequest,
} from "#contract/alarms.ts";
import type { Actor } from "#domain/permission.ts";
import { acknowledgeAlarms, recordVisit, saveAlarmRule } from "#flows/handle-alarm.ts";
import { alarmCounts, alarmPage, alarmPhoto, alarmView } from "#store/alarm-pages.ts";
import { staticRuleSeen } from "#store/alarms.ts";
import { projectsInScope } from "#store/off-stops.ts";
import { exportLanguage, fileAnswer } from "../excel/answer.ts";
import { directAnswer } from "../excel/direct.ts";
import { longReports } from "../excel/long-reports.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const params = z.object({ id: z.string().regex(/^[0-9a-z]{20}$/) });
const missing = "alarm_not_found";
const picture = z.custom<Uint8Array>((body) => body instanceof Uint8Array);

/** Everything below /api/alarms: what is watched for at meters, who took note of it, and what was found there. */
export function alarmRoutes(routes: Routes, nudge: () => void): void {
  const { ctx } = routes;
  const tx = ctx.db.read;

  addRoute(routes, {
    method: "GET",
    path: "/api/alarms",
    access: "alarm.view",
    params: nothing,
    query: alarmQuery,
    body: nothing,
    answer: alarms,
    async handle({ actor, query }) {
      return { asOf: ctx.clock(), page: query.page, ...(await alarmPage(tx, actor.scope, query)) };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/alarms/summary",
    access: "alarm.view",
    params: nothing,
    query: alarmFilter,
    body: nothing,
    answer: alarmSummary,
    handle: async ({ actor, query }) => ({ asOf: ctx.clock(), ...(await alarmCounts(tx, actor.scope, query)) }),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/alarms/file",
    access: "alarm.view",
    params: nothing,
    query: alarmFilter.extend({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    handle: async ({ actor, query, reply }) =>
      directAnswer(routes, { actor, reply }, longReports.alarms.of(query), query.language),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/alarms/acknowledge",
    access: "alarm.handle",
    params: nothing,
    query: nothing,
    body: acknowledgeRequest,
    answer: acknowledged,
    async handle({ actor, body, ip }) {
      const items = await acknowledgeAlarms(ctx, actor, { ...body, ip });
      nudge();
      return { items };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/alarms/:id",
    access: "alarm.view",
    params,
    query: nothing,
    body: nothing,
    answer: alarm,
    missing,
    handle: ({ actor, params }) => seen(actor, params.id),
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/alarms/:id/photo",
    access: "alarm.view",
    params,
    query: nothing,
    body: nothing,
    answer: picture,
    missing,
    async handle({ actor, params, reply }) {
      const photo = await alarmPhoto(tx, actor.scope, params.id);
      if (photo === null) throw new AppError(missing);
      reply.headers({ "content-type": photo.type, "content-disposition": "inline" });
      return Buffer.from(photo.bytes);
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/alarms/:id/visit",
    access: "alarm.handle",
    params,
    query: nothing,
    body: visitRequest,
    answer: alarm,
    missing,
    bytesMax: VISIT_BYTES_MAX,
    mistakes: { note: () => new AppError("alarm_note_required"), photo: () => new AppError("photo_unreadable") },
    async handle({ actor, params, body, ip }) {
      await recordVisit(ctx, actor, { ...body, alarmId: params.id, ip });
      nudge();
      return seen(actor, params.id);
    },
  });

  async function seen(actor: Actor, id: string) {
    const found = await alarmView(tx, actor.scope, id);
    if (found === null) throw new AppError(missing);
    return found;
  }

  ruleRoutes(routes);
}

function ruleRoutes(routes: Routes): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "GET",
    path: "/api/alarm-rules",
    access: "alarm.view",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: alarmRules,
    handle: ({ actor }) => rulesNow(actor),
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/alarm-rules",
    access: "settings.manage",
    params: nothing,
    query: nothing,
    body: alarmRuleRequest,
    answer: alarmRules,
    mistakes: { reason: () => new AppError("reason_required") },
    async handle({ actor, body, ip }) {
      await saveAlarmRule(ctx, actor, { ...body, ip });
      return rulesNow(actor);
    },
  });

  async function rulesNow({ scope }: Actor) {
    const items = [];
    for (const { id, name } of await projectsInScope(ctx.db.read, scope)) {
      const { rule, updatedBy, version } = await staticRuleSeen(ctx.db.read, id);
      items.push({ projectId: id, name, ...rule, updatedBy, updatedAt: version, version });
    }
    return { items };
  }
}
