import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { exportPermissions, exportReports } from "#contract/export-kinds.ts";
import { exportJob, exportJobs, exportRequest } from "#contract/exports.ts";
import type { Actor } from "#domain/permission.ts";
import { askExport, cancelExport, noteExportTaken, retryExport } from "#flows/ask-export.ts";
import { scopeText } from "#flows/run-export.ts";
import { exportJobOf, exportJobsOf, toExportJob } from "#store/exports.ts";
import type { ExportJobTable } from "#store/schema-exports.ts";
import { attach, fileAnswer } from "../excel/answer.ts";
import { longReport } from "../excel/long-reports.ts";
import type { Shelf } from "../exports/shelf.ts";
import { addRoute, nothing, type Routes } from "../route.ts";

const exportParams = z.object({ id: z.string().regex(/^[0-9a-z]{20}$/) });
const ofOne = { params: exportParams, query: nothing, body: nothing, missing: "export_not_found" } as const;

/** Everything below /api/exports: files that are made in the background. Everybody sees his own and nobody else's. */
export function exportRoutes(routes: Routes, { shelf, nudge }: { shelf: Shelf; nudge: () => void }): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "POST",
    path: "/api/exports",
    access: { oneOf: exportPermissions, of: (body) => exportReports[body.report].permission },
    params: nothing,
    query: nothing,
    body: exportRequest,
    answer: exportJob,
    async handle({ actor, body, ip, reply }) {
      const asked = longReport(body.report, body.filter);
      const rowsOf = await asked.count(ctx, actor);
      const { title, notes, fileName } = await asked.table(ctx, actor, body.language);
      const wish = { ...body, title, fileName, filterText: notes[0] ?? "", rowsOf, ip };
      const { exportId, created } = await askExport(ctx, actor, wish);
      nudge();
      reply.status(created ? 201 : 200);
      return toExportJob(await own(actor, exportId));
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/exports",
    access: exportPermissions,
    params: nothing,
    query: nothing,
    body: nothing,
    answer: exportJobs,
    handle: async ({ actor }) => ({ items: await exportJobsOf(ctx.db.read, actor.userId) }),
  });

  addRoute(routes, {
    ...ofOne,
    method: "GET",
    path: "/api/exports/:id/file",
    audited: true,
    access: exportPermissions,
    answer: fileAnswer,
    async handle({ actor, params, ip, reply }) {
      const row = await own(actor, params.id);
      demandStill(actor, row);
      const file = row.file === null ? null : await shelf.take(row.file);
      if (file === null) throw new AppError("export_gone");
      try {
        await noteExportTaken(ctx, actor, { id: row.id, ip, after: { rows: row.rows_done, bytes: row.bytes } });
      } catch (error) {
        file.destroy(); // nobody reads it, and it is open
        throw error;
      }
      attach(reply, row.file_name);
      return file;
    },
  });

  addRoute(routes, {
    ...ofOne,
    method: "POST",
    path: "/api/exports/:id/cancel",
    access: exportPermissions,
    answer: exportJob,
    async handle({ actor, params, ip }) {
      const nobodys = await cancelExport(ctx, actor, { id: params.id, ip });
      const row = await own(actor, params.id);
      // Who still writes a cancelled one removes it himself: taking it from under him would leave him writing into nothing.
      if (nobodys !== null && row.state === "expired") await shelf.drop(nobodys);
      return toExportJob(row);
    },
  });

  addRoute(routes, {
    ...ofOne,
    method: "POST",
    path: "/api/exports/:id/retry",
    access: exportPermissions,
    answer: exportJob,
    async handle({ actor, params, ip }) {
      const row = await own(actor, params.id);
      demandPermission(actor, row);
      await retryExport(ctx, actor, { id: row.id, ip });
      nudge();
      return toExportJob(await own(actor, row.id));
    },
  });

  async function own(actor: Actor, id: string): Promise<ExportJobTable> {
    const row = await exportJobOf(ctx.db.read, actor.userId, id);
    if (!row) throw new AppError("export_not_found");
    return row;
  }

  /** What was read for somebody is handed to him only while he may still read all of it. */
  function demandStill(actor: Actor, row: ExportJobTable): void {
    demandPermission(actor, row);
    const isOver = row.expires_at !== null && row.expires_at <= ctx.clock();
    if (row.state === "expired" || (row.state === "done" && isOver)) throw new AppError("export_expired");
    if (row.state !== "done") throw new AppError("export_not_done");
    if (row.scope !== scopeText(actor)) throw new AppError("export_scope_changed");
  }
}

function demandPermission(actor: Actor, row: ExportJobTable): void {
  const { permission } = exportReports[row.report];
  if (!actor.permissions.has(permission)) throw new AppError("forbidden", { permission });
}
