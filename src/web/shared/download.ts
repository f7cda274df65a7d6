import { ApiError, refusalOf } from "./api.ts";
import { currentLanguage } from "./i18n.ts";

/**
 * Fetches a file of the server in the language of the page and hands it to the browser to keep under the name that the server gives it.
 * Throws {@link ApiError} like every other call, so that a refusal is a sentence and not a page.
 */
export async function download(path: string): Promise<void> {
  const address = `${path}${path.includes("?") ? "&" : "?"}language=${currentLanguage()}`;
  let response: Response;
  let file: Blob;
  try {
    response = await fetch(address, { credentials: "same-origin" });
    file = await response.blob();
  } catch (cause) {
    throw new ApiError({ kind: "network" }, cause);
  }
  if (!response.ok) throw refusalOf(response.status, await file.text());
  const link = document.createElement("a");
  const url = URL.createObjectURL(file);
  link.href = url;
  link.download = fileName(response.headers.get("content-disposition") ?? "");
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/** By then the browser has the file in its own hands. */
const KEPT_MS = 60_000;

/** The name in `filename*=UTF-8''…`. */
function fileName(disposition: string): string {
  const [, encoded] = /filename\*=UTF-8''([^;]+)/.exec(disposition) ?? [];
  return encoded === undefined ? "export.xlsx" : decodeURIComponent(encoded);
}
