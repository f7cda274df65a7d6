import type { ImportAccept, ImportFaults, ImportList, ImportView } from "#contract/imports.ts";
import { ApiError, call, get, refusalOf } from "./api.ts";
import { currentLanguage } from "./i18n.ts";

/** A slow line may need so long for the largest file. */
const UPLOAD_MS = 60_000;

export const getImports = () => get<ImportList>("/api/imports");
export const getImport = (id: string) => get<ImportView>(`/api/imports/${encodeURIComponent(id)}`);
export const getImportFaults = (id: string, page: number) =>
  get<ImportFaults>(`/api/imports/${encodeURIComponent(id)}/faults?page=${page}`);
export const postImportAccept = (id: string, body: ImportAccept) =>
  call<void>("POST", `/api/imports/${encodeURIComponent(id)}/accept`, { body });
export const postImportRecheck = (id: string) =>
  call<void>("POST", `/api/imports/${encodeURIComponent(id)}/recheck`, { body: {} });
export const postImportCancel = (id: string) =>
  call<void>("POST", `/api/imports/${encodeURIComponent(id)}/cancel`, { body: {} });

/** Sends a file as it is. Nothing of the archive is written by it. */
export async function uploadImportFile(projectId: number, file: File): Promise<ImportView> {
  const query = new URLSearchParams({ projectId: String(projectId), name: file.name, language: currentLanguage() });
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/api/imports?${query}`, {
      method: "POST",
      credentials: "same-origin",
      headers: { accept: "application/json", "content-type": "application/octet-stream" },
      body: file,
      signal: AbortSignal.timeout(UPLOAD_MS),
    });
    text = await response.text();
  } catch (cause) {
    throw new ApiError({ kind: "network" }, cause);
  }
  if (!response.ok) throw refusalOf(response.status, text);
  return JSON.parse(text) as ImportView;
}

/** Keys of what the pages keep about imports. */
export const importKeys = {
  list: ["imports"] as const,
  one: (id: string) => ["imports", id] as const,
  faults: (id: string, page: number) => ["imports", id, "faults", page] as const,
};
