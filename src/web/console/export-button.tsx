import { useMutation } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { download } from "#web/shared/download.ts";
import { FailedLine } from "./notice.tsx";

/** Takes a table out as Excel: exactly what `path` answers, with its filter. Says why when it cannot. */
export function ExportButton({ path, testId = "export" }: { path: string; testId?: string }) {
  const { t } = useTranslation();
  const taking = useMutation({ mutationFn: () => download(path) });
  return (
    <>
      <Button
        onClick={() => taking.isPending || taking.mutate()}
        aria-busy={taking.isPending}
        data-testid={testId}
        data-state={taking.status}
      >
        {taking.isPending ? t("export.busy") : t("export.excel")}
      </Button>
      {taking.error ? <FailedLine error={taking.error} testId={`${testId}-problem`} /> : null}
    </>
  );
}
