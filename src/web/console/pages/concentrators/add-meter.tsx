import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConcentratorView } from "#contract/collection.ts";
import { collectionKeys, getCollectionPlaces, postMeter } from "#web/shared/api-collection.ts";
import { newKey } from "#web/shared/new-key.ts";
import { ChoiceField, FormDialog, TextField } from "./form-dialog.tsx";

const MODES = ["prepaid", "postpaid", "public"] as const;

/** Enters a new meter behind this concentrator, in an empty room. */
export function AddMeter({ seen, onClose }: { seen: ConcentratorView; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [key] = useState(newKey);
  const [texts, setTexts] = useState({
    label: "",
    number: "",
    address: "",
    profile: "jc1",
    areaId: "",
    bus: "1",
    price: "",
    openIndex: "0",
    mode: "prepaid",
  });
  const { data: places } = useQuery({ queryKey: collectionKeys.places, queryFn: getCollectionPlaces });
  const set = (name: keyof typeof texts) => (value: string) => setTexts({ ...texts, [name]: value });
  const areas = (places?.areas ?? []).filter((each) => each.projectId === seen.projectId);
  const model = places?.profiles.find((each) => each.name === texts.profile);
  return (
    <FormDialog
      title={t("channelMeters.addTitle")}
      testId="new-meter"
      act={() =>
        postMeter({
          key,
          concentratorId: seen.id,
          bus: Number(texts.bus),
          gatewayId: null,
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
          ratio: 1,
          openIndex: texts.openIndex,
        })
      }
      onDone={() => {
        void client.invalidateQueries({ queryKey: collectionKeys.all });
        onClose();
      }}
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
      <TextField id="new-meter-price" label={t("channelMeters.price")} value={texts.price} onChange={set("price")} />
      <TextField
        id="new-meter-index"
        label={t("channelMeters.openIndex")}
        value={texts.openIndex}
        onChange={set("openIndex")}
      />
    </FormDialog>
  );
}
