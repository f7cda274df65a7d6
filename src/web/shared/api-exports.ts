import type { UseQueryOptions } from "@tanstack/react-query";
import { type ExportReport, exportReports } from "#contract/export-kinds.ts";
import type { ExportJob, ExportJobs, ExportRequest } from "#contract/exports.ts";
import { call, get } from "./api.ts";

export const getExports = () => get<ExportJobs>("/api/exports");
export const postExport = (request: ExportRequest) => call<ExportJob>("POST", "/api/exports", { body: request });
export const steerExport = (id: string, how: "cancel" | "retry") =>
  call<ExportJob>("POST", `/api/exports/${encodeURIComponent(id)}/${how}`, { body: {} });
/** Where the file of a job is. */
export const exportFile = (id: string) => `/api/exports/${encodeURIComponent(id)}/file`;

/** Key of what the pages keep about exports. */
export const exportsKey = ["exports"] as const;

/** Whether a job has not ended. */
export const isOpenExport = ({ state }: ExportJob) => state === "waiting" || state === "running";

const SOON_MS = 2_000;
const LATER_MS = 60_000;

/** One's own jobs: looked at every two seconds while one is under way, else now and then. */
export const exportsQuery = {
  queryKey: exportsKey,
  queryFn: getExports,
  refetchInterval: (query) => (query.state.data?.items.some(isOpenExport) ? SOON_MS : LATER_MS),
} satisfies UseQueryOptions<ExportJobs>;

/** The report and filter behind the address of a file; null for a table that is never long. */
export function wishOf(path: string): { report: ExportReport; filter: Record<string, string> } | null {
  const [address = "", query = ""] = path.split("?");
  const names = Object.keys(exportReports) as ExportReport[];
  const report = names.find((name) => exportReports[name].path === address);
  return report === undefined ? null : { report, filter: Object.fromEntries(new URLSearchParams(query)) };
}
