import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConcentratorView, ItemSet, MeterOnChannel } from "#contract/collection.ts";
import {
  collectionKeys,
  getCollectionPlaces,
  getConcentrators,
  postMeterEdit,
  postMeterMove,
  postMeterProtocol,
  postMeterRetire,
} from "#web/shared/api-collection.ts";
import { ChoiceField, FormDialog, TextField } from "./form-dialog.tsx";

type Props = { meter: MeterOnChannel; onClose: () => void };

function useDone(onClose: () => void): () => void {
  const client = useQueryClient();
  return () => {
    void client.invalidateQueries({ queryKey: collectionKeys.all });
    onClose();
  };
}

/** The name of a meter and what is asked of it. */
export function EditMeter({ meter, sets, onClose }: Props & { sets: readonly ItemSet[] }) {
  const { t } = useTranslation();
  const done = useDone(onClose);
  const [label, setLabel] = useState(meter.label);
  const [items, setItems] = useState(String(meter.itemSetId ?? ""));
  return (
    <FormDialog
      title={t("channelMeters.renameTitle", { label: meter.label })}
      testId="meter"
      act={() =>
        postMeterEdit(meter.meterId, {
          label,
          itemSetId: items === "" ? null : Number(items),
          version: meter.version,
        })
      }
      onDone={done}
      onClose={onClose}
    >
      <TextField id="meter-label" label={t("channelMeters.label")} value={label} onChange={setLabel} />
      <ChoiceField
        id="meter-items"
        label={t("channels.items")}
        value={items}
        options={[
          { value: "", label: t("channels.itemsInherit") },
          ...sets.map((set) => ({ value: String(set.id), label: set.name })),
        ]}
        onChange={setItems}
      />
    </FormDialog>
  );
}

/** How a meter is spoken to. */
export function ProtocolDialog({ meter, onClose }: Props) {
  const { t } = useTranslation();
  const done = useDone(onClose);
  const { data: places } = useQuery({ queryKey: collectionKeys.places, queryFn: getCollectionPlaces });
  const [profile, setProfile] = useState(meter.profile);
  const [address, setAddress] = useState(meter.address);
  const models = (places?.profiles ?? []).filter((each) => each.kind === meter.kind);
  return (
    <FormDialog
      title={t("channelMeters.protocolTitle", { label: meter.label })}
      testId="protocol"
      dangerous
      act={(reason) => {
        const model = models.find((each) => each.name === profile);
        // A breaker hangs on the relay of whatever model; a meter without a switch stays without one.
        const keeps = meter.switchKind === "breaker" || meter.switchKind === "none";
        return postMeterProtocol(meter.meterId, {
          profile,
          address,
          switchKind: keeps ? meter.switchKind : (model?.switchKind ?? meter.switchKind),
          closesBy: model?.closesBy ?? meter.closesBy,
          version: meter.version,
          reason,
          confirmed: true,
        });
      }}
      onDone={done}
      onClose={onClose}
    >
      <p>{t("channelMeters.protocolLead")}</p>
      <ChoiceField
        id="protocol-profile"
        label={t("channelMeters.profile")}
        value={profile}
        options={models.map((each) => ({ value: each.name, label: `${each.name} · ${each.protocol} · ${each.zh}` }))}
        onChange={setProfile}
      />
      <TextField id="protocol-address" label={t("channelMeters.address")} value={address} onChange={setAddress} />
    </FormDialog>
  );
}

/** Where a meter hangs. */
export function MoveMeter({ seen, meter, onClose }: Props & { seen: ConcentratorView }) {
  const { t } = useTranslation();
  const done = useDone(onClose);
  const query = { sort: "name" } as const;
  const { data: list } = useQuery({
    queryKey: collectionKeys.list(query),
    queryFn: () => getConcentrators(query),
  });
  const [to, setTo] = useState(String(seen.id));
  const [bus, setBus] = useState(String(meter.bus));
  return (
    <FormDialog
      title={t("channelMeters.moveTitle", { label: meter.label })}
      testId="move"
      dangerous
      act={(reason) =>
        postMeterMove(meter.meterId, {
          concentratorId: Number(to),
          bus: Number(bus),
          gatewayId: null,
          version: meter.version,
          reason,
        })
      }
      onDone={done}
      onClose={onClose}
    >
      <ChoiceField
        id="move-concentrator"
        label={t("channelMeters.concentrator")}
        value={to}
        options={(list?.items ?? [seen]).map((each) => ({
          value: String(each.id),
          label: `${each.name} (${each.meters}/${each.metersMax})`,
        }))}
        onChange={setTo}
      />
      <TextField id="move-bus" label={t("channels.bus")} value={bus} numeric onChange={setBus} />
    </FormDialog>
  );
}

/** Takes a meter out of use. */
export function RetireMeter({ meter, onClose }: Props) {
  const { t } = useTranslation();
  const done = useDone(onClose);
  return (
    <FormDialog
      title={t("channelMeters.retireTitle", { label: meter.label })}
      testId="retire-meter"
      dangerous
      act={(reason) => postMeterRetire(meter.meterId, { version: meter.version, reason, confirmed: true })}
      onDone={done}
      onClose={onClose}
    >
      <p>{t("channelMeters.retireLead")}</p>
    </FormDialog>
  );
}
