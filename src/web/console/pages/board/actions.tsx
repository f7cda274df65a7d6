import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Command, MeterDetail } from "#contract/metering.ts";
import { isSafetyHeld } from "#domain/switching.ts";
import { postCommand } from "#web/shared/api.ts";
import { Can } from "#web/shared/can.tsx";
import { keys } from "#web/shared/live-cache.ts";
import { newKey } from "#web/shared/new-key.ts";
import { FailedLine } from "../../notice.tsx";
import { forgetFinishedDraft } from "../recharge/draft.ts";
import { Clear } from "../refunds/clear.tsx";
import { CommandProgress } from "./command-progress.tsx";
import { SwitchDialog } from "./switch-dialog.tsx";

/** What may be done with a meter, each by its permission, and how the last thing asked for is going. */
export function Actions({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { tile } = meter;
  const [commandId, setCommandId] = useState<string | null>(null);
  const [asked, setAsked] = useState<"trip" | "close" | null>(null);
  const follow = (command: Command): void => {
    client.setQueryData(keys.command(command.id), command);
    setCommandId(command.id);
    setAsked(null);
  };
  const read = useMutation({
    meta: { keepsTyped: true },
    mutationFn: () => postCommand(tile.meterId, { key: newKey(), kind: "read", reason: "" }),
    onSuccess: follow,
  });
  const hasSwitch = meter.switchKind !== "none";
  return (
    <div className="actions">
      <div className="action-buttons">
        <Can do="recharge.create">
          {tile.mode === "prepaid" ? (
            <Button
              type="primary"
              onClick={() => {
                forgetFinishedDraft();
                navigate(`/recharge?meter=${tile.meterId}`);
              }}
              data-testid="action-recharge"
            >
              {t("meter.recharge")}
            </Button>
          ) : null}
        </Can>
        {meter.customer === null ? null : (
          <Can do="refund.create">
            <Button onClick={() => navigate(`/refunds/new?meter=${tile.meterId}`)} data-testid="action-refund">
              {t("refunds.refund")}
            </Button>
          </Can>
        )}
        <Clear meter={meter} />
        <Can do="moveout.create">
          <Button
            onClick={() => navigate(`/${meter.customer === null ? "move-ins" : "move-outs"}/new?meter=${tile.meterId}`)}
            data-testid="action-move"
          >
            {t(meter.customer === null ? "moveIn.title" : "moveOuts.begin.action")}
          </Button>
        </Can>
        <Can do="meter.read">
          <Button onClick={() => read.isPending || read.mutate()} aria-busy={read.isPending} data-testid="action-read">
            {t("meter.read")}
          </Button>
        </Can>
        {hasSwitch ? (
          <>
            <Can do="meter.close">
              <Button
                disabled={isSafetyHeld(meter)}
                onClick={() => setAsked("close")}
                {...(isSafetyHeld(meter) ? { title: t("command.closeSafety") } : {})}
                data-testid="action-close"
              >
                {t("meter.closeSwitch")}
              </Button>
            </Can>
            <Can do="meter.trip">
              <Button
                danger
                disabled={meter.supplyGuard}
                onClick={() => setAsked("trip")}
                {...(meter.supplyGuard ? { title: t("meter.guarded") } : {})}
                data-testid="action-trip"
              >
                {t("meter.trip")}
              </Button>
            </Can>
          </>
        ) : null}
      </div>
      {meter.supplyGuard && hasSwitch ? (
        <Can do="meter.trip">
          <p className="muted">{t("meter.guarded")}</p>
        </Can>
      ) : null}
      {isSafetyHeld(meter) ? (
        <Can do="meter.close">
          <p className="muted">{t("command.closeSafety")}</p>
        </Can>
      ) : null}
      {read.error ? <FailedLine error={read.error} /> : null}
      {commandId === null ? null : <CommandProgress id={commandId} onDismiss={() => setCommandId(null)} />}
      {asked === null ? null : (
        <SwitchDialog meter={meter} kind={asked} onCancel={() => setAsked(null)} onSent={follow} />
      )}
    </div>
  );
}
