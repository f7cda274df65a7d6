import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { Log } from "#system/log.ts";
import { type ExcelTable, excelFile } from "./workbook.ts";

/** The answer of a route that hands out a file. */
export const fileAnswer = z.custom<Readable>();

/** Languages of a file; Chinese when nothing is said. */
export const exportLanguage = z.enum(["zh-CN", "en"]).default("zh-CN");
export type ExportLanguage = z.infer<typeof exportLanguage>;

/** A text of a file in both languages of the pages. */
export type Words = readonly [zh: string, en: string];

/** The text in the language that was asked for. */
export function inWords([zh, en]: Words, language: ExportLanguage): string {
  return language === "en" ? en : zh;
}

/**
 * The answer that makes the browser keep a table as `<fileName>.xlsx`. Return it from the route's `handle`. A failure half way breaks
 * the connection, so that no one takes a part for the whole, and is logged.
 */
export function excelAnswer<Row>(reply: FastifyReply, log: Log, fileName: string, table: ExcelTable<Row>): Readable {
  const file = excelFile(table);
  file.on("error", (error) => log.error({ err: error, file: fileName }, "export broke off"));
  const safe = encodeURIComponent(`${fileName}.xlsx`).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  reply.headers({
    "content-type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "content-disposition": `attachment; filename="export.xlsx"; filename*=UTF-8''${safe}`,
  });
  return file;
}
