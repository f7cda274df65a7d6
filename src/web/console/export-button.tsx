import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { ApiError } from "#web/shared/api.ts";
import { exportsKey, postExport, wishOf } from "#web/shared/api-exports.ts";
import { download } from "#web/shared/download.ts";
import { currentLanguage } from "#web/shared/i18n.ts";
import { newKey } from "#web/shared/new-key.ts";
import { FailedLine } from "./notice.tsx";

/**
 * Takes a table out as Excel: exactly what `path` answers, with its filter. What is too long to be downloaded at once is made in the
 * background, and a line says where to find it. Says why when it cannot.
 */
export function ExportButton({ path, testId = "export", label }: { path: string; testId?: string; label?: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const wish = useRef<{ path: string; key: string } | null>(null);
  const taking = useMutation({
    meta: { keepsTyped: true },
    mutationFn: async () => {
      // One key for one wish: a second click after a lost answer finds the job of the first.
      if (wish.current?.path !== path) wish.current = { path, key: newKey() };
      const isBackground = await takeOrAsk(path, wish.current.key);
      wish.current = null;
      if (isBackground) await client.invalidateQueries({ queryKey: exportsKey });
      return isBackground;
    },
  });
  return (
    <>
      <Button
        onClick={() => taking.isPending || taking.mutate()}
        aria-busy={taking.isPending}
        data-testid={testId}
        data-state={taking.status}
      >
        {taking.isPending ? t("export.busy") : (label ?? t("export.excel"))}
      </Button>
      {taking.data ? (
        <p className="export-line" role="status" data-testid={`${testId}-background`}>
          {t("exports.begun")} <Link to="/exports">{t("exports.see")}</Link>
        </p>
      ) : null}
      {taking.error ? <FailedLine error={taking.error} testId={`${testId}-problem`} /> : null}
    </>
  );
}

/** True when the file is made in the background. */
async function takeOrAsk(path: string, key: string): Promise<boolean> {
  try {
    await download(path);
    return false;
  } catch (error) {
    const wish = isTooLong(error) ? wishOf(path) : null;
    if (wish === null) throw error;
    await postExport({ key, ...wish, language: currentLanguage() });
    return true;
  }
}

function isTooLong(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.failure.kind === "refused" &&
    error.failure.refusal.code === "export_in_background"
  );
}
