import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Input, Select } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Exchange, SwapRequest } from "#contract/devices.ts";
import { deviceKeys, type ExchangeStep, getPlaces, type postStep } from "#web/shared/api-devices.ts";
import { units } from "#web/shared/format.ts";
import { FailedLine } from "../../notice.tsx";

type StepProps = {
  exchange: Exchange;
  act: (step: ExchangeStep, body: Parameters<typeof postStep>[2]) => Promise<void>;
};

/** The new meter: what stands on it, where it hangs, and what both registers show. */
export function SwapStep({ exchange, act }: StepProps) {
  const { t } = useTranslation();
  const { oldMeter: old, meterKind } = exchange;
  const places = useQuery({ queryKey: deviceKeys.places, queryFn: getPlaces });
  const [number, setNumber] = useState("");
  const [address, setAddress] = useState<string | null>(null); // as a rule the number
  const [profile, setProfile] = useState(old.profile);
  const [concentrator, setConcentrator] = useState<number | null>(null);
  const [bus, setBus] = useState(String(old.bus));
  const [ratio, setRatio] = useState(String(old.ratio));
  const [openIndex, setOpenIndex] = useState("");
  const [closeIndex, setCloseIndex] = useState("");
  const [note, setNote] = useState("");
  const [tried, setTried] = useState(false);
  const here = places.data?.concentrators.find((each) => each.name === old.concentrator)?.id ?? null;
  const concentratorId = concentrator ?? here;
  const isReady = number.trim() !== "" && openIndex.trim() !== "" && concentratorId !== null;
  const swapping = useMutation({
    mutationFn: async () => {
      if (concentratorId === null) return;
      const close = closeIndex.trim();
      const request: SwapRequest = {
        closeIndex: close === "" ? null : close,
        note: note.trim(),
        number: number.trim(),
        address: (address ?? number).trim(),
        profile,
        concentratorId,
        bus: Number(bus),
        gatewayId: null,
        ratio: Number(ratio),
        switchKind: old.switchKind as SwapRequest["switchKind"],
        closesBy: old.closesBy as SwapRequest["closesBy"],
        openIndex: openIndex.trim(),
      };
      await act("swap", request);
    },
  });
  const models = (places.data?.profiles ?? []).filter(
    (each) => each.kind === meterKind && (exchange.creditAt !== "meter" || each.inMeter),
  );
  const unit = t(`unit.sold.${meterKind}`);
  return (
    <form
      className="panel exchange-step"
      data-testid="swap-step"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (isReady && !swapping.isPending) swapping.mutate();
      }}
    >
      <h2>{t("exchanges.swapTitle")}</h2>
      <p data-testid="carry-will">
        {exchange.creditAt === "meter"
          ? t("exchanges.carryWill", { units: units(exchange.carryWh), unit })
          : t("exchanges.serverCredit")}
      </p>
      <div className="exchange-fields">
        <TextField id="swap-number" label={t("exchanges.number")} value={number} onChange={setNumber} />
        <TextField id="swap-address" label={t("exchanges.address")} value={address ?? number} onChange={setAddress} />
        <TextField
          id="swap-open"
          label={`${t("exchanges.openIndex")}(${unit})`}
          value={openIndex}
          onChange={setOpenIndex}
          decimal
        />
        <Labelled id="swap-profile" label={t("exchanges.profile")}>
          <Select
            id="swap-profile"
            value={profile}
            onChange={setProfile}
            options={models.map(({ name }) => ({ value: name, label: name }))}
          />
        </Labelled>
        <Labelled id="swap-concentrator" label={t("exchanges.concentrator")}>
          <Select
            id="swap-concentrator"
            value={concentratorId}
            onChange={setConcentrator}
            options={(places.data?.concentrators ?? []).map((each) => ({
              value: each.id,
              label: `${each.name} (${each.meters}/${each.metersMax})`,
            }))}
          />
        </Labelled>
        <TextField id="swap-bus" label={t("exchanges.bus")} value={bus} onChange={setBus} decimal />
        {exchange.creditAt === "meter" ? null : (
          <TextField id="swap-ratio" label={t("exchanges.ratio")} value={ratio} onChange={setRatio} decimal />
        )}
        <TextField
          id="swap-close"
          label={t("exchanges.closeIndex")}
          value={closeIndex}
          onChange={setCloseIndex}
          decimal
        />
        <TextField id="swap-note" label={t("exchanges.note")} value={note} onChange={setNote} />
      </div>
      <p className="muted">{t("exchanges.swapLead")}</p>
      {places.error ? <FailedLine error={places.error} /> : null}
      {tried && !isReady ? (
        <p className="field-problem" role="alert">
          {t("exchanges.fieldsMissing")}
        </p>
      ) : null}
      {swapping.error ? <FailedLine error={swapping.error} testId="swap-problem" /> : null}
      <div className="exchange-buttons">
        <Button type="primary" htmlType="submit" aria-busy={swapping.isPending} data-testid="swap">
          {t("exchanges.swap")}
        </Button>
      </div>
    </form>
  );
}

function Labelled({ id, label, children }: { id: string; label: string; children: ReactNode }) {
  return (
    <label className="field" htmlFor={id}>
      <span>{label}</span>
      {children}
    </label>
  );
}

type FieldProps = { id: string; label: string; value: string; onChange: (value: string) => void; decimal?: boolean };

function TextField({ id, label, value, onChange, decimal = false }: FieldProps) {
  return (
    <Labelled id={id} label={label}>
      <Input
        id={id}
        value={value}
        {...(decimal ? { inputMode: "decimal" as const } : {})}
        onChange={(event) => onChange(event.target.value)}
        data-testid={id}
      />
    </Labelled>
  );
}
