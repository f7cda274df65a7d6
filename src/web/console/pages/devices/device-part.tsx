import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { MeterDevice, ModeChange, RatioChange } from "#contract/devices.ts";
import type { MeterDetail } from "#contract/metering.ts";
import {
  deviceKeys,
  getDevice,
  postCarryOut,
  postExchange,
  postModeEnd,
  postRatio,
  postRatioWithdraw,
} from "#web/shared/api-devices.ts";
import { Can } from "#web/shared/can.tsx";
import { keys } from "#web/shared/live-cache.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine, NotYet } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { ModeDialog } from "./mode-dialog.tsx";
import "./devices.css";

/** While the meter is being told something, it is looked at often. */
const TELLING_POLL_MS = 1_000;

type Doing = "exchange" | "ratio" | "carryOut" | "mode" | "recheck" | "withdraw";

/** The device in a meter's place: its mode and ratio, and what can be done to them. */
export function DevicePart({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const { meterId } = meter.tile;
  const [doing, setDoing] = useState<Doing | null>(null);
  const found = useQuery({
    queryKey: deviceKeys.meter(meterId),
    queryFn: () => getDevice(meterId),
    refetchInterval: ({ state }) => (state.data?.modeChange?.state === "telling" ? TELLING_POLL_MS : false),
  });
  const device = found.data;
  return (
    <section className="drawer-part" aria-label={t("devices.section")} data-testid="device">
      <h3>{t("devices.section")}</h3>
      {device === undefined ? (
        <NotYet of={found} rows={3} />
      ) : (
        <>
          <dl className="facts">
            <dt>{t("devices.mode")}</dt>
            <dd data-testid="device-mode" data-mode={device.mode}>
              <b>{t(`mode.${device.mode}`)}</b> <ModeProgress change={device.modeChange} />
            </dd>
            <dt>{t("devices.ratio")}</dt>
            <dd data-testid="device-ratio">
              <b>{device.ratio}</b> <RatioProgress change={device.ratioChange} />
            </dd>
          </dl>
          <Buttons device={device} onDo={setDoing} />
        </>
      )}
      {doing === null || device === undefined ? null : (
        <DeviceDialog meter={meter} device={device} doing={doing} onClose={() => setDoing(null)} />
      )}
    </section>
  );
}

function ModeProgress({ change }: { change: ModeChange | null }) {
  const { t } = useTranslation();
  if (change === null || change.state === "done" || change.from === change.to) return null;
  const [from, to] = [t(`mode.${change.from}`), t(`mode.${change.to}`)];
  return (
    <small data-testid="mode-progress" data-state={change.state}>
      {t(`devices.modeStates.${change.state}`, { from, to })}
    </small>
  );
}

function RatioProgress({ change }: { change: RatioChange | null }) {
  const { t } = useTranslation();
  if (change === null) return null;
  return (
    <small data-testid="ratio-progress" data-state={change.state}>
      {t(`devices.ratioStates.${change.state}`, { from: change.ratioFrom, to: change.ratioTo })}
    </small>
  );
}

function Buttons({ device, onDo }: { device: MeterDevice; onDo: (doing: Doing) => void }) {
  const { t } = useTranslation();
  const { ratioChange: ratio, exchangeNo } = device;
  return (
    <div className="row-buttons">
      <Can do="meter.mode">
        {device.modeChange?.state === "stopped" || device.modeChange?.state === "telling" ? (
          <Button
            onClick={() => onDo(device.modeChange?.state === "stopped" ? "recheck" : "withdraw")}
            data-testid="end-mode"
          >
            {t(device.modeChange.state === "stopped" ? "exchanges.recheck" : "devices.withdrawMode")}
          </Button>
        ) : (
          <Button onClick={() => onDo("mode")} disabled={exchangeNo !== null} data-testid="change-mode">
            {t("devices.changeMode")}
          </Button>
        )}
      </Can>
      {exchangeNo === null ? (
        <Can do="meter.exchange">
          <Button onClick={() => onDo("exchange")} data-testid="begin-exchange">
            {t("devices.exchange")}
          </Button>
          {ratio?.state === "approved" ? (
            <Button type="primary" onClick={() => onDo("carryOut")} data-testid="carry-out">
              {t("devices.carryOut")}
            </Button>
          ) : device.creditAt === "meter" || ratio?.state === "requested" ? null : (
            <Button onClick={() => onDo("ratio")} data-testid="change-ratio">
              {t("devices.changeRatio")}
            </Button>
          )}
        </Can>
      ) : (
        <Link className="link-button" to={`/exchanges/${exchangeNo}`} data-testid="to-exchange">
          {t("devices.toExchange", { no: exchangeNo })}
        </Link>
      )}
    </div>
  );
}

type DialogProps = { meter: MeterDetail; device: MeterDevice; doing: Doing; onClose: () => void };

function DeviceDialog({ meter, device, doing, onClose }: DialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [key] = useState(newKey);
  const [ratio, setRatio] = useState("");
  const { meterId, label, kind } = meter.tile;
  const done = (): void => {
    void client.invalidateQueries({ queryKey: keys.meter(meterId) });
    onClose();
  };
  const common = { label: t("devices.reason"), missingText: t("devices.reasonMissing"), cancelText: t("devices.back") };
  if (doing === "mode")
    return <ModeDialog meterId={meterId} label={label} kind={kind} now={device.mode} onDone={done} onClose={onClose} />;
  if (doing === "recheck" || doing === "withdraw") {
    return (
      <ReasonDialog
        {...common}
        title={t(doing === "recheck" ? "exchanges.recheck" : "devices.withdrawMode")}
        confirmText={t(doing === "recheck" ? "exchanges.recheck" : "devices.withdrawMode")}
        testId="end-mode"
        act={(reason) => postModeEnd(meterId, doing, reason)}
        onDone={done}
        onClose={onClose}
      >
        <p>{t(doing === "recheck" ? "exchanges.recheckLead" : "devices.withdrawModeLead")}</p>
      </ReasonDialog>
    );
  }
  if (doing === "carryOut") {
    return device.ratioChange === null ? null : (
      <CarryOutDialog change={device.ratioChange} label={label} onDone={done} onClose={onClose} />
    );
  }
  if (doing === "exchange") {
    return (
      <ReasonDialog
        {...common}
        title={t("devices.startTitle", { label })}
        confirmText={t("devices.start")}
        testId="exchange"
        act={(reason) => postExchange({ key, meterId, reason })}
        onDone={({ exchangeNo }) => {
          done();
          navigate(`/exchanges/${exchangeNo}`);
        }}
        onClose={onClose}
      >
        <p>{t("devices.startLead")}</p>
      </ReasonDialog>
    );
  }
  return (
    <ReasonDialog
      {...common}
      title={t("devices.ratioTitle", { label })}
      confirmText={t("devices.askRatio")}
      testId="ratio"
      act={(reason) => postRatio(meterId, { key, ratio: Number(ratio), reason })}
      onDone={done}
      onClose={onClose}
    >
      <p>{t("devices.ratioLead", { ratio: device.ratio })}</p>
      <label className="field" htmlFor="ratio-to">
        <span>{t("devices.ratioTo")}</span>
        <Input
          id="ratio-to"
          inputMode="numeric"
          value={ratio}
          maxLength={6}
          onChange={(event) => setRatio(event.target.value.replaceAll(/\D/g, ""))}
          data-testid="ratio-to"
        />
      </label>
    </ReasonDialog>
  );
}

type CarryOutProps = { change: RatioChange; label: string; onDone: () => void; onClose: () => void };

/** The transformers are exchanged: from which index on the new ratio holds. */
function CarryOutDialog({ change, label, onDone, onClose }: CarryOutProps) {
  const { t } = useTranslation();
  const [index, setIndex] = useState("");
  const doing = useMutation({
    mutationFn: (what: "carryOut" | "withdraw") =>
      what === "withdraw"
        ? postRatioWithdraw(change.changeNo)
        : postCarryOut(change.changeNo, index.trim() === "" ? null : index.trim()),
    onSuccess: onDone,
  });
  const { ratioFrom: from, ratioTo: to } = change;
  return (
    <Dialog title={t("devices.carryOutTitle", { label, from, to })} onClose={onClose} testId="carry-out-dialog">
      <p className="dialog-lead">{t("devices.carryOutLead")}</p>
      <label className="field" htmlFor="carry-out-index">
        <span>{t("devices.indexNow")}</span>
        <Input
          id="carry-out-index"
          inputMode="decimal"
          value={index}
          onChange={(event) => setIndex(event.target.value)}
          data-testid="carry-out-index"
        />
      </label>
      {doing.error ? <FailedLine error={doing.error} testId="carry-out-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="">
          {t("devices.back")}
        </Button>
        <Button danger onClick={() => doing.isPending || doing.mutate("withdraw")}>
          {t("devices.withdrawRatio")}
        </Button>
        <Button
          type="primary"
          onClick={() => doing.isPending || doing.mutate("carryOut")}
          aria-busy={doing.isPending}
          data-testid="carry-out-confirm"
        >
          {t("devices.carryOut")}
        </Button>
      </div>
    </Dialog>
  );
}
