import { createHash } from "node:crypto";
import { z } from "zod";
import { AppError } from "#base/errors.ts";
import { faultQuery, importAccept, importFaults, importList, importUpload, importView } from "#contract/imports.ts";
import type { ImportCounts, ImportFacts, ImportFault } from "#domain/import-fault.ts";
import { type Actor, SCOPE_ALL } from "#domain/permission.ts";
import {
  acceptImport,
  cancelImport,
  importSeen,
  noteArchiveTaken,
  recheckImport,
  uploadImport,
} from "#flows/archive-import.ts";
import { seeCollectionPlaces } from "#flows/collection-places.ts";
import { areasByPath } from "#store/import-snapshot.ts";
import { newestImports } from "#store/imports.ts";
import type { ArchiveImportTable } from "#store/schema-imports.ts";
import type { Sealer } from "#system/seal.ts";
import { exportLanguage, fileAnswer, keptFile } from "../excel/answer.ts";
import { importFaultsFile } from "../excel/import-faults-file.ts";
import { emptyTemplate, filledTemplate } from "../excel/import-template.ts";
import { readImportFile } from "../excel-read/import-file.ts";
import { FILE_BYTES_MAX } from "../excel-read/unzip.ts";
import { addRoute, noContent, nothing, type Routes } from "../route.ts";

const idParams = z.object({ id: z.string().regex(/^[0-9A-Za-z]{20}$/) });
const missing = "import_not_found";
const LISTED = 20;
const FAULTS_PER_PAGE = 50;
const upload = z.custom<Buffer>((body) => Buffer.isBuffer(body) && body.length > 0);

/** The import of archives (档案导入): template, upload, check, acceptance. What somebody else uploaded only those see who see everything. */
export function importRoutes(routes: Routes, deps: { nudge: () => void; sealer: Sealer | null }): void {
  // A file is a body of bytes; only the route below takes large ones.
  routes.app.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (_, body, done) =>
    done(null, body),
  );
  fileRoutes(routes, deps.sealer);
  lookRoutes(routes);
  actRoutes(routes);
}

/** Files are read one after the other: each may come to many times its size for a moment. */
let reading: Promise<unknown> = Promise.resolve();
function inTurn<T>(read: () => Promise<T>): Promise<T> {
  const mine = reading.then(read, read);
  reading = mine.catch(() => {});
  return mine;
}

function fileRoutes(routes: Routes, sealer: Sealer | null): void {
  const { ctx } = routes;
  const tx = ctx.db.read;
  const models = async () => (await seeCollectionPlaces(tx, SCOPE_ALL)).profiles;

  addRoute(routes, {
    method: "POST",
    path: "/api/imports",
    access: "archive.import",
    params: nothing,
    query: importUpload,
    body: upload,
    answer: importView,
    bytesMax: FILE_BYTES_MAX,
    async handle({ actor, query, body, ip, reply }) {
      if (sealer === null) throw new AppError("internal", { requestId: "" });
      const file = await inTurn(() => readImportFile(body));
      const hash = createHash("sha256").update(body).digest("hex");
      const { facts, rows, faults: cellFaults } = file;
      const id = await uploadImport({ ...ctx, sealer }, actor, {
        ...{ projectId: query.projectId, fileName: query.name, language: query.language, hash, ip },
        ...{ bytes: body.length, facts, rows, cellFaults },
      });
      reply.status(201);
      return viewOf(await importSeen(tx, actor, id));
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/imports/template",
    access: "archive.import",
    params: nothing,
    query: z.object({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    async handle({ query, reply }) {
      const name = query.language === "en" ? "Archive template" : "档案导入模板";
      return keptFile(reply, ctx.log, name, emptyTemplate(await models()));
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/imports/archive",
    audited: true,
    access: "archive.import",
    params: nothing,
    query: z.object({ projectId: z.coerce.number().int().positive(), language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    async handle({ actor, query, ip, reply }) {
      const { projectId } = query;
      const projects = await projectsOf(actor);
      if (!projects.some((project) => project.id === projectId)) throw new AppError("import_project_needed");
      const name = query.language === "en" ? "Archive" : "档案";
      const book = await filledTemplate(tx, actor, { projectId, now: ctx.clock(), models: await models() });
      await noteArchiveTaken(ctx, actor, { projectId, ip });
      return keptFile(reply, ctx.log, name, book);
    },
  });

  async function projectsOf(actor: Actor) {
    return importProjects(routes, actor);
  }

  async function viewOf(row: ArchiveImportTable) {
    return viewsOf(routes, [row]).then(([view]) => {
      if (view === undefined) throw new AppError("import_not_found");
      return view;
    });
  }
}

/** Projects in which somebody may import: all, or those with an area of his. */
async function importProjects({ ctx }: Routes, actor: Actor): Promise<{ id: number; name: string }[]> {
  const found = await ctx.db.read.selectFrom("project").select(["id", "name"]).orderBy("id").execute();
  const rows = found.map(({ id, name }) => ({ id, name }));
  if (actor.scope.all) return rows;
  const mine: { id: number; name: string }[] = [];
  for (const row of rows) if ((await areasByPath(ctx.db.read, actor.scope, row.id)).size > 0) mine.push(row);
  return mine;
}

async function viewsOf({ ctx }: Routes, rows: readonly ArchiveImportTable[]) {
  const projects = await ctx.db.read.selectFrom("project").select(["id", "name"]).execute();
  const names = new Map(projects.map((project) => [project.id, project.name]));
  return rows.map((row) => {
    const { facts, counts } = JSON.parse(row.facts) as { facts: ImportFacts; counts: ImportCounts };
    return {
      ...{ id: row.id, asOf: ctx.clock(), projectId: row.project_id, project: names.get(row.project_id) ?? "" },
      ...{ fileName: row.file_name, fileBytes: row.file_bytes, fileHash: row.file_hash, state: row.state },
      sheets: facts.sheets.map(({ sheet, name, rows: own }) => ({
        sheet,
        name,
        rows: own,
        counts: counts[sheet] ?? null,
      })),
      ignored: [...facts.ignored],
      ...{ rows: row.rows, faults: row.faults, changes: row.changes, done: row.done, planHash: row.plan_hash },
      stoppedBy: row.stopped_by === null ? null : (JSON.parse(row.stopped_by) as ImportFault),
      ...{ madeBy: row.made_by, madeAt: row.made_at, acceptedBy: row.accepted_by, acceptedAt: row.accepted_at },
      endedAt: row.ended_at,
    };
  });
}

function lookRoutes(routes: Routes): void {
  const { ctx } = routes;
  const tx = ctx.db.read;

  addRoute(routes, {
    method: "GET",
    path: "/api/imports",
    access: "archive.import",
    params: nothing,
    query: nothing,
    body: nothing,
    answer: importList,
    async handle({ actor }) {
      const rows = await newestImports(tx, actor.scope.all ? null : actor.userId, LISTED);
      return {
        asOf: ctx.clock(),
        items: await viewsOf(routes, rows),
        projects: await importProjects(routes, actor),
      };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/imports/:id",
    access: "archive.import",
    params: idParams,
    query: nothing,
    body: nothing,
    answer: importView,
    missing,
    async handle({ actor, params }) {
      const [view] = await viewsOf(routes, [await importSeen(tx, actor, params.id)]);
      if (view === undefined) throw new AppError("import_not_found");
      return view;
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/imports/:id/faults",
    access: "archive.import",
    params: idParams,
    query: faultQuery,
    body: nothing,
    answer: importFaults,
    missing,
    async handle({ actor, params, query }) {
      const row = await importSeen(tx, actor, params.id);
      const part = await tx
        .selectFrom("archive_import_part")
        .select("content")
        .where("import_id", "=", row.id)
        .where("kind", "=", "faults")
        .where("n", "=", query.page - 1)
        .executeTakeFirst();
      return {
        page: query.page,
        pages: Math.max(1, Math.ceil(row.faults / FAULTS_PER_PAGE)),
        total: row.faults,
        items: part === undefined ? [] : (JSON.parse(part.content) as ImportFault[]),
      };
    },
  });

  addRoute(routes, {
    method: "GET",
    path: "/api/imports/:id/faults/file",
    access: "archive.import",
    params: idParams,
    query: z.object({ language: exportLanguage }),
    body: nothing,
    answer: fileAnswer,
    missing,
    async handle({ actor, params, query, reply }) {
      return importFaultsFile(ctx, await importSeen(tx, actor, params.id), query.language, reply);
    },
  });
}

function actRoutes(routes: Routes): void {
  const { ctx } = routes;

  addRoute(routes, {
    method: "POST",
    path: "/api/imports/:id/accept",
    access: "archive.import",
    params: idParams,
    query: nothing,
    body: importAccept,
    answer: noContent,
    missing,
    async handle({ actor, params, body, ip, reply }) {
      await acceptImport(ctx, actor, { id: params.id, planHash: body.planHash, ip });
      reply.status(204);
      return undefined;
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/imports/:id/recheck",
    access: "archive.import",
    params: idParams,
    query: nothing,
    body: nothing,
    answer: noContent,
    missing,
    async handle({ actor, params, ip, reply }) {
      await recheckImport(ctx, actor, { id: params.id, ip });
      reply.status(204);
      return undefined;
    },
  });

  addRoute(routes, {
    method: "POST",
    path: "/api/imports/:id/cancel",
    access: "archive.import",
    params: idParams,
    query: nothing,
    body: nothing,
    answer: noContent,
    missing,
    async handle({ actor, params, ip, reply }) {
      await cancelImport(ctx, actor, { id: params.id, ip });
      reply.status(204);
      return undefined;
    },
  });
}
