import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { AppError } from "#base/errors.ts";
import { EXPORT_DIRECT_ROWS } from "#contract/export-kinds.ts";
import type { Actor } from "#domain/permission.ts";
import type { Routes } from "../route.ts";
import { type ExportLanguage, excelAnswer } from "./answer.ts";
import type { AskedReport } from "./long-reports.ts";

/** A long report as a file at once while it is short; refused, so that the page asks for it in the background, when it is not. */
export async function directAnswer(
  { ctx }: Pick<Routes, "ctx">,
  { actor, reply }: { actor: Actor; reply: FastifyReply },
  asked: AskedReport,
  language: ExportLanguage,
): Promise<Readable> {
  const rows = await asked.count(ctx, actor);
  if (rows >= EXPORT_DIRECT_ROWS) throw new AppError("export_in_background", { rows, max: EXPORT_DIRECT_ROWS });
  return excelAnswer(reply, ctx.log, await asked.table(ctx, actor, language));
}
