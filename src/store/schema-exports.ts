/** Tables of exports in the background. Conventions as in `schema.ts`. */
import type { ExportReport } from "#contract/export-kinds.ts";
import type { ExportState } from "#contract/exports.ts";

/**
 * One wish for a file (导出任务). `request_key` is unique for its user. `run` is the number of the run that has it, from one sequence: who does
 * not hold it may change nothing any more. `scope` is the scope under which the rows of the file were read, as JSON: a file is handed out
 * only to who has that scope still. `file` is the name in the folder of the server that made it.
 */
export type ExportJobTable = {
  id: string;
  user_id: number;
  request_key: string;
  report: ExportReport;
  filter: string;
  language: "zh-CN" | "en";
  title: string;
  filter_text: string;
  state: ExportState;
  rows_done: number;
  rows_of: number;
  file: string | null;
  file_name: string;
  bytes: number | null;
  scope: string;
  problem: string | null;
  run: number;
  attempts: number;
  due_at: number;
  lease_until: number;
  asked_at: number;
  started_at: number | null;
  ended_at: number | null;
  expires_at: number | null;
};

export type ExportsSchema = {
  export_job: ExportJobTable;
};
