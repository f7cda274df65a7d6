import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Command, MeterDetail } from "#contract/metering.ts";
import { postCommand } from "#web/shared/api.ts";
import { tail } from "#web/shared/format.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";

type SwitchDialogProps = {
  meter: MeterDetail;
  kind: "trip" | "close";
  onCancel: () => void;
  onSent: (command: Command) => void;
};

/** Asks before a switch is moved: what will happen to which meter, and why it is done. Enter never confirms. */
export function SwitchDialog({ meter, kind, onCancel, onSent }: SwitchDialogProps) {
  const { t } = useTranslation();
  const [key] = useState(newKey); // one dialog, one command, however often the button is pressed
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const send = useMutation({
    mutationFn: () => postCommand(meter.tile.meterId, { key, kind, reason: reason.trim() }),
    onSuccess: onSent,
  });
  const { tile } = meter;
  const place = tile.label.startsWith(tile.areaName) ? tile.label : `${tile.areaName} ${tile.label}`;
  const what = { place, kind: t(`kind.${tile.kind}`), tail: tail(tile.number) };
  const confirm = (): void => {
    if (kind === "trip" && reason.trim() === "") setMissing(true);
    else if (!send.isPending) send.mutate();
  };
  return (
    <Dialog title={t(`command.title.${kind}`, { label: tile.label })} onClose={onCancel} testId="switch-dialog">
      <div className="dialog-lead">
        <p>
          {kind === "close"
            ? t("command.closeLead", what)
            : tile.kind === "water"
              ? t("command.tripWater", what)
              : t("command.tripLead", what)}
        </p>
        {meter.customer ? <p>{t("command.tripCustomer", { customer: meter.customer.name })}</p> : null}
        {kind === "close" && meter.closesBy === "button" ? <p>{t("command.closeButton")}</p> : null}
        {kind === "close" && meter.offCause === "arrears" ? <p>{t("command.closeArrears")}</p> : null}
        {meter.concentrator.online ? null : <p className="bad">{t("command.offline")}</p>}
      </div>
      <label className="field" htmlFor="switch-reason">
        <span>{kind === "trip" ? t("command.reasonRequired") : t("command.reason")}</span>
        <Input
          id="switch-reason"
          value={reason}
          maxLength={200}
          {...(missing && reason.trim() === "" ? { status: "error" as const, "aria-invalid": true } : {})}
          placeholder={t("command.reasonPlaceholder")}
          onChange={(event) => setReason(event.target.value)}
          data-testid="switch-reason"
        />
        <span className="field-problem" role="alert">
          {missing && reason.trim() === "" ? t("command.reasonMissing") : ""}
        </span>
      </label>
      {send.error ? <FailedLine error={send.error} testId="switch-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onCancel} data-autofocus="" data-testid="switch-cancel">
          {t("command.cancel")}
        </Button>
        <Button
          {...(kind === "trip" ? { danger: true } : { type: "primary" as const })}
          onClick={confirm}
          aria-busy={send.isPending}
          data-testid="switch-confirm"
        >
          {t(`command.confirm.${kind}`)}
        </Button>
      </div>
    </Dialog>
  );
}
