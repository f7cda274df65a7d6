import type { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { EXPORT_DIRECT_ROWS } from "#contract/export-kinds.ts";
import type { Log } from "#system/log.ts";
import { type ExcelTable, excelFile, type Pace, unpaced } from "./workbook.ts";

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

/** A table that can become a file once; of which rows it is made is nobody's business any more. */
export type NamedTable = {
  /** The name under which the file is kept, without the ending. */
  readonly fileName: string;
  readonly title: string;
  readonly notes: readonly string[];
  file(pace: Pace): Readable;
  /** Goes through the rows instead of writing them, up to what is downloaded at once; says how many there are. */
  count(): Promise<number>;
};

/** A table under a name. */
export function namedTable<Row>(fileName: string, table: ExcelTable<Row>): NamedTable {
  return {
    fileName,
    title: table.title,
    notes: table.notes,
    file: (pace) => excelFile(table, pace),
    async count() {
      let rows = 0;
      for await (const _ of table.rows) if (++rows >= EXPORT_DIRECT_ROWS) break;
      return rows;
    },
  };
}

/**
 * The answer that makes the browser keep a table as `<fileName>.xlsx`. Return it from the route's `handle`. A failure half way breaks
 * the connection, so that no one takes a part for the whole, and is logged.
 */
export function excelAnswer(reply: FastifyReply, log: Log, { fileName, file: open }: NamedTable): Readable {
  return keptFile(reply, log, fileName, open(unpaced));
}

/** The answer that makes the browser keep a workbook that is being written as `<fileName>.xlsx`. */
export function keptFile(reply: FastifyReply, log: Log, fileName: string, file: Readable): Readable {
  file.on("error", (error) => log.error({ err: error, file: fileName }, "export broke off"));
  attach(reply, fileName);
  return file;
}

/** The headers under which a browser keeps what is answered as `<fileName>.xlsx`. */
export function attach(reply: FastifyReply, fileName: string): void {
  const safe = encodeURIComponent(`${fileName}.xlsx`).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  reply.headers({
    "content-type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "content-disposition": `attachment; filename="export.xlsx"; filename*=UTF-8''${safe}`,
  });
}
