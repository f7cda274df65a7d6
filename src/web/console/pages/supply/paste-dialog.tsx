import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { postCalendar } from "#web/shared/api-supply.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { pastedDays } from "./paste.ts";

/** Days pasted from the notice of holidays or from a sheet: what was understood is shown before anything is saved. */
export function PasteDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const { days, bad } = pastedDays(text);
  const save = useMutation({
    mutationFn: () => postCalendar({ days }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["calendar"] });
      onClose();
    },
  });
  return (
    <Dialog title={t("supply.paste")} onClose={onClose} testId="paste-dialog">
      <p className="dialog-lead">{t("supply.pasteLead")}</p>
      <Input.TextArea
        rows={8}
        value={text}
        aria-label={t("supply.paste")}
        placeholder={t("supply.pastePlaceholder")}
        data-autofocus=""
        onChange={(event) => setText(event.target.value)}
        data-testid="paste-text"
      />
      <p role="status" data-testid="paste-count">
        {t("supply.pasteCount", { count: days.length })}
        {bad.length === 0 ? "" : ` ${t("supply.pasteBad", { lines: bad.join(t("app.and")) })}`}
      </p>
      {save.error ? <FailedLine error={save.error} testId="paste-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose}>{t("prices.cancel")}</Button>
        <Button
          type="primary"
          disabled={days.length === 0 || bad.length > 0}
          onClick={() => save.isPending || save.mutate()}
          data-testid="paste-save"
        >
          {t("supply.save")}
        </Button>
      </div>
    </Dialog>
  );
}
