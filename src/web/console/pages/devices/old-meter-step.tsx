import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Exchange } from "#contract/devices.ts";
import { postCommand } from "#web/shared/api.ts";
import type { ExchangeStep, postStep } from "#web/shared/api-devices.ts";
import { useCan } from "#web/shared/can.tsx";
import { newKey } from "#web/shared/new-key.ts";
import { FailedLine } from "../../notice.tsx";

type StepProps = {
  exchange: Exchange;
  act: (step: ExchangeStep, body: Parameters<typeof postStep>[2]) => Promise<void>;
};

/** What the old meter holds: it gives it up itself, or somebody states it. */
export function OldMeterStep({ exchange, act }: StepProps) {
  const { t } = useTranslation();
  const mayRead = useCan("meter.read");
  const clearing = useMutation({ mutationFn: () => act("clear-old", {}) });
  const reading = useMutation({
    meta: { keepsTyped: true },
    mutationFn: () => postCommand(exchange.meterId, { key: newKey(), kind: "read", reason: "" }),
  });
  return (
    <section className="panel exchange-step" data-testid="old-step">
      <h2>{t("exchanges.oldTitle")}</h2>
      <div className="exchange-ways">
        <div className="exchange-way">
          <p>{exchange.canClear ? t("exchanges.clearLead") : t("exchanges.cannotClear")}</p>
          {clearing.error ? <FailedLine error={clearing.error} testId="clear-problem" /> : null}
          <div className="exchange-buttons">
            {mayRead ? (
              <Button onClick={() => reading.isPending || reading.mutate()} aria-busy={reading.isPending}>
                {t(reading.isPending ? "exchanges.reading" : "exchanges.readNow")}
              </Button>
            ) : null}
            {exchange.canClear && exchange.state === "open" ? (
              <Button
                type="primary"
                onClick={() => clearing.isPending || clearing.mutate()}
                aria-busy={clearing.isPending}
                data-testid="clear-old"
              >
                {t("exchanges.clear")}
              </Button>
            ) : null}
          </div>
        </div>
        <StateForm exchange={exchange} act={act} />
      </div>
    </section>
  );
}

function StateForm({ exchange, act }: StepProps) {
  const { t } = useTranslation();
  const [left, setLeft] = useState("");
  const [closeIndex, setCloseIndex] = useState("");
  const [note, setNote] = useState("");
  const [tried, setTried] = useState(false);
  const stating = useMutation({
    mutationFn: () => {
      const close = closeIndex.trim();
      return act("state-old", { closeIndex: close === "" ? null : close, left: left.trim(), note: note.trim() });
    },
  });
  const isMissing = tried && note.trim() === "";
  return (
    <form
      className="exchange-way"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (note.trim() !== "" && !stating.isPending) stating.mutate();
      }}
    >
      <p>{t("exchanges.stateLead")}</p>
      <label className="field" htmlFor="state-close">
        <span>{t("exchanges.closeIndex")}</span>
        <Input
          id="state-close"
          inputMode="decimal"
          value={closeIndex}
          onChange={(event) => setCloseIndex(event.target.value)}
          data-testid="state-close"
        />
      </label>
      <label className="field" htmlFor="state-left">
        <span>{t("exchanges.left", { unit: t(`unit.sold.${exchange.meterKind}`) })}</span>
        <Input
          id="state-left"
          inputMode="decimal"
          value={left}
          onChange={(event) => setLeft(event.target.value)}
          data-testid="state-left"
        />
      </label>
      <label className="field" htmlFor="state-note">
        <span>{t("exchanges.note")}</span>
        <Input
          id="state-note"
          value={note}
          maxLength={200}
          {...(isMissing ? { status: "error" as const, "aria-invalid": true } : {})}
          onChange={(event) => setNote(event.target.value)}
          data-testid="state-note"
        />
        <span className="field-problem" role="alert">
          {isMissing ? t("exchanges.noteMissing") : ""}
        </span>
      </label>
      {stating.error ? <FailedLine error={stating.error} testId="state-problem" /> : null}
      <div className="exchange-buttons">
        <Button htmlType="submit" aria-busy={stating.isPending} data-testid="state-old">
          {t("exchanges.state_")}
        </Button>
      </div>
    </form>
  );
}
