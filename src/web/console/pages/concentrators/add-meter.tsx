import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConcentratorView } from "#contract/collection.ts";
import { collectionKeys, getCollectionPlaces, postMeter } from "#web/shared/api-collection.ts";
import { newKey } from "#web/shared/new-key.ts";
import { ChoiceField, FormDialog, TextField } from "./form-dialog.tsx";
import { gatewaysOn } from "./gateways.ts";

/** Wh in a kWh, litres in a cubic metre. */
const PER_UNIT = 1_000;
const MODES = ["prepaid", "postpaid", "public"] as const;

/** Enters a new meter behind this concentrator, in an empty room. */
export function AddMeter({ seen, onClose }: { seen: ConcentratorView; onClose: () => void }) {
  const { t } = useTranslation();
  const [key] = useState(newKey);
  const [texts, setTexts] = useState({
    label: "",
    number: "",
    address: "",
    profile: "jc1",
    areaId: "",
    bus: String(seen.channels[0]?.bus ?? 1),
    gateway: "",
    ratio: "1",
    power: "",
    low: "20",
    price: "",
    openIndex: "0",
    mode: "prepaid",
  });
  const { data: places } = useQuery({ queryKey: collectionKeys.places, queryFn: getCollectionPlaces });
  const set = (name: keyof typeof texts) => (value: string) => setTexts({ ...texts, [name]: value });
  const areas = (places?.areas ?? []).filter((each) => each.projectId === seen.projectId);
  const model = places?.profiles.find((each) => each.name === texts.profile);
  const isWater = model?.kind === "water";
  const unit = isWater ? "m³" : "kWh";
  const gateways = gatewaysOn(seen, Number(texts.bus), null);
  const gateway = gateways.some((each) => each.value === texts.gateway) ? texts.gateway : "";
  return (
    <FormDialog
      title={t("channelMeters.addTitle")}
      testId="new-meter"
      act={() =>
        postMeter({
          key,
          concentratorId: seen.id,
          bus: Number(texts.bus),
          gatewayId: gateway === "" ? null : Number(gateway),
          areaId: Number(texts.areaId === "" ? (areas[0]?.id ?? 0) : texts.areaId),
          label: texts.label,
          number: texts.number,
          address: texts.address,
          kind: model?.kind ?? "electricity",
          profile: texts.profile,
          mode: MODES.find((each) => each === texts.mode) ?? "prepaid",
          switchKind: model?.switchKind ?? "none",
          closesBy: model?.closesBy ?? "direct",
          price: texts.price,
          ratio: Number(texts.ratio),
          openIndex: texts.openIndex,
          ...(texts.power !== "" && { powerMaxW: Number(texts.power) }),
          ...(texts.low !== "" && { lowCreditWh: Number(texts.low) * PER_UNIT }),
        })
      }
      onClose={onClose}
    >
      <p className="muted">{t("channelMeters.addLead")}</p>
      <TextField id="new-meter-label" label={t("channelMeters.label")} value={texts.label} onChange={set("label")} />
      <ChoiceField
        id="new-meter-area"
        label={t("concentrators.area")}
        value={texts.areaId}
        options={areas.map((each) => ({ value: String(each.id), label: each.name }))}
        onChange={set("areaId")}
      />
      <TextField
        id="new-meter-number"
        label={t("channelMeters.number")}
        value={texts.number}
        onChange={set("number")}
      />
      <TextField
        id="new-meter-address"
        label={t("channelMeters.address")}
        value={texts.address}
        onChange={set("address")}
      />
      <ChoiceField
        id="new-meter-profile"
        label={t("channelMeters.profile")}
        value={texts.profile}
        options={(places?.profiles ?? []).map((each) => ({ value: each.name, label: `${each.name} · ${each.zh}` }))}
        onChange={set("profile")}
      />
      <ChoiceField
        id="new-meter-bus"
        label={t("channelMeters.bus")}
        value={texts.bus}
        options={seen.channels.map((each) => ({ value: String(each.bus), label: `${each.bus} · ${each.name}` }))}
        onChange={set("bus")}
      />
      <ChoiceField
        id="new-meter-mode"
        label={t("channelMeters.mode")}
        value={texts.mode}
        options={MODES.map((value) => ({ value, label: t(`mode.${value}`) }))}
        onChange={set("mode")}
      />
      <ChoiceField
        id="new-meter-gateway"
        label={t("channelMeters.gateway")}
        value={gateway}
        options={[{ value: "", label: t("channelMeters.noGateway") }, ...gateways]}
        onChange={set("gateway")}
      />
      <TextField
        id="new-meter-ratio"
        label={t("channelMeters.ratioTyped")}
        value={texts.ratio}
        numeric
        onChange={set("ratio")}
      />
      {isWater ? null : (
        <TextField
          id="new-meter-power"
          label={t("channelMeters.power")}
          value={texts.power}
          numeric
          onChange={set("power")}
        />
      )}
      <TextField
        id="new-meter-low"
        label={t("channelMeters.low", { unit })}
        value={texts.low}
        numeric
        onChange={set("low")}
      />
      <TextField
        id="new-meter-price"
        label={t("channelMeters.price", { unit })}
        value={texts.price}
        onChange={set("price")}
      />
      <TextField
        id="new-meter-index"
        label={t("channelMeters.openIndex", { unit })}
        value={texts.openIndex}
        onChange={set("openIndex")}
      />
    </FormDialog>
  );
}
