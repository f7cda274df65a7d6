import { useMutation } from "@tanstack/react-query";
import { Button } from "antd";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { ImportView } from "#contract/imports.ts";
import { uploadImportFile } from "#web/shared/api-imports.ts";
import { FailedLine } from "../../notice.tsx";

/** Chooses a filled template and sends it to be checked. Nothing of the archive is written by it. */
export function UploadFile({ projectId, onMade }: { projectId: number; onMade: (made: ImportView) => void }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const sending = useMutation({
    mutationFn: (file: File) => uploadImportFile(projectId, file),
    onSuccess: onMade,
    onSettled: () => {
      // The same file may be chosen again after it was corrected.
      if (input.current) input.current.value = "";
    },
  });
  return (
    <>
      <input
        ref={input}
        className="unseen"
        type="file"
        accept=".xlsx"
        aria-label={t("imports.choose")}
        tabIndex={-1}
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) sending.mutate(file);
        }}
        data-testid="import-file"
      />
      <Button
        type="primary"
        loading={sending.isPending}
        disabled={projectId === 0}
        onClick={() => input.current?.click()}
        data-testid="import-choose"
      >
        {sending.isPending ? t("imports.sending") : t("imports.choose")}
      </Button>
      {sending.error ? <FailedLine error={sending.error} testId="import-problem" /> : null}
    </>
  );
}
