import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { MeterDetail, WaitingCommand } from "#contract/metering.ts";
import { withdrawPermission } from "#domain/withdrawal.ts";
import { getWaitingCommands, postWithdrawCommand, refusalCode } from "#web/shared/api.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { reasonText } from "#web/shared/i18n.ts";
import { keys } from "#web/shared/live-cache.ts";
import { FailedLine } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";

/** Beside the live events: that a collector begins to ask is told by none. */
const POLL_MS = 5_000;

/** What was asked of the meter and has not ended (未结束的指令), each with the way to take it back; and that somebody took back what would have restored supply. */
export function Waiting({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const { meterId } = meter.tile;
  const [asked, setAsked] = useState<WaitingCommand | null>(null);
  const found = useQuery({
    queryKey: keys.waiting(meterId),
    queryFn: () => getWaitingCommands(meterId),
    refetchInterval: ({ state }) => (state.data && state.data.items.length > 0 ? POLL_MS : false),
  });
  const seen = found.data;
  if (seen === undefined)
    return found.error ? <FailedLine error={found.error} retry={() => void found.refetch()} /> : null;
  const { items, withdrawnClose } = seen;
  return (
    <>
      {withdrawnClose === null ? null : (
        <div className="banner banner-warn waiting-off" role="status" data-testid="withdrawn-close">
          {t("withdrawal.off", { ...withdrawnClose, time: dateTime(withdrawnClose.at) })}
        </div>
      )}
      {items.length === 0 ? null : (
        <section className="drawer-part" aria-label={t("withdrawal.title")} data-testid="waiting">
          <h3>
            {t("withdrawal.title")} <small>{t("withdrawal.asOf", { time: dateTime(seen.asOf) })}</small>
          </h3>
          <ul className="waiting">
            {items.map((each) => (
              <WaitingLine key={each.id} command={each} onWithdraw={() => setAsked(each)} />
            ))}
          </ul>
        </section>
      )}
      {asked === null ? null : (
        <WithdrawDialog
          meter={meter}
          command={items.find(({ id }) => id === asked.id) ?? asked}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  );
}

function WaitingLine({ command, onWithdraw }: { command: WaitingCommand; onWithdraw: () => void }) {
  const { t } = useTranslation();
  const allowed = useCan(withdrawPermission(command.kind) ?? []);
  const why = command.stateReason === "" ? [] : [reasonText(command.stateReason)];
  const said = command.reason === "" ? [] : [command.reason];
  const { withdrawal } = command;
  return (
    <li data-testid="waiting-command" data-kind={command.kind} data-withdrawal={withdrawal}>
      <span>
        <b>{t(`command.progress.${command.kind}`)}</b> {[t(`command.state.${command.state}`), ...why].join(" · ")}
        <small>
          {[t("withdrawal.asked", { by: command.by, time: dateTime(command.createdAt) }), ...said].join(" · ")}
        </small>
        {withdrawal === "money" ? <small>{t("withdrawal.money")}</small> : null}
      </span>
      {withdrawal === "may" && allowed ? (
        <Button size="small" onClick={onWithdraw} data-testid="withdraw-command">
          {t("withdrawal.open")}
        </Button>
      ) : null}
    </li>
  );
}

type WithdrawProps = { meter: MeterDetail; command: WaitingCommand; onClose: () => void };

/** Asks why, and where supply would stay off, whether that is meant. The server decides: it may be sent at any moment. */
function WithdrawDialog({ meter, command, onClose }: WithdrawProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { label, meterId } = meter.tile;
  const [staysOff, setStaysOff] = useState(false);
  const [isRefused, setIsRefused] = useState(false);
  const what = t(`command.progress.${command.kind}`);
  const act = (reason: string) =>
    postWithdrawCommand(command.id, { reason, staysOff }).catch((error) => {
      if (refusalCode(error) === "command_leaves_off") setIsRefused(true);
      throw error;
    });
  return (
    <ReasonDialog
      title={t("withdrawal.dialog", { what, label })}
      label={t("withdrawal.reason")}
      missingText={t("withdrawal.reasonMissing")}
      confirmText={t("withdrawal.confirm")}
      cancelText={t("withdrawal.back")}
      danger={command.leavesOff || isRefused}
      testId="withdraw-command"
      act={act}
      onDone={(done) => {
        client.setQueryData(keys.command(done.id), done);
        void client.invalidateQueries({ queryKey: keys.meter(meterId) });
        void client.invalidateQueries({ queryKey: keys.events(meterId) });
        onClose();
      }}
      onClose={onClose}
    >
      <p>{t("withdrawal.lead", { what, label })}</p>
      {command.leavesOff || isRefused ? (
        <>
          <p className="bad" data-testid="withdraw-command-off">
            {t("withdrawal.leavesOff")}
          </p>
          <Checkbox
            checked={staysOff}
            onChange={(event) => setStaysOff(event.target.checked)}
            data-testid="withdraw-command-known"
          >
            {t("withdrawal.known")}
          </Checkbox>
        </>
      ) : null}
    </ReasonDialog>
  );
}
