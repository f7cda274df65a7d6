import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConcentratorView, ItemSet, MeterOnChannel } from "#contract/collection.ts";
import {
  collectionKeys,
  getCollectionPlaces,
  getConcentrator,
  getConcentrators,
  postMeterEdit,
  postMeterMove,
  postMeterProtocol,
  postMeterRetire,
} from "#web/shared/api-collection.ts";
import { ChoiceField, FormDialog, TextField } from "./form-dialog.tsx";
import { gatewaysOn } from "./gateways.ts";

type Props = { meter: MeterOnChannel; onClose: () => void };

/** The name of a meter, what is asked of it, and what it is the master meter of. */
export function EditMeter({ meter, sets, onClose }: Props & { sets: readonly ItemSet[] }) {
  const { t } = useTranslation();
  const [label, setLabel] = useState(meter.label);
  const [items, setItems] = useState(String(meter.itemSetId ?? ""));
  const [masterOf, setMasterOf] = useState(meter.masterOf ?? "");
  return (
    <FormDialog
      title={t("channelMeters.renameTitle", { label: meter.label })}
      testId="meter"
      act={() =>
        postMeterEdit(meter.meterId, {
          label,
          itemSetId: items === "" ? null : Number(items),
          masterOf: masterOf === "box" || masterOf === "area" ? masterOf : null,
          version: meter.version,
        })
      }
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
      <ChoiceField
        id="meter-master"
        label={t("channelMeters.masterOf")}
        value={masterOf}
        options={[
          { value: "", label: t("channelMeters.masterOfNothing") },
          ...(meter.boxName === null
            ? []
            : [{ value: "box", label: t("channelMeters.masterOfBox", { box: meter.boxName }) }]),
          { value: "area", label: t("channelMeters.masterOfArea") },
        ]}
        onChange={setMasterOf}
      />
    </FormDialog>
  );
}

/** How a meter is spoken to. */
export function ProtocolDialog({ meter, onClose }: Props) {
  const { t } = useTranslation();
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
  const [search, setSearch] = useState("");
  const query = { sort: "name", ...(search.trim() !== "" && { search: search.trim() }) } as const;
  const { data: list } = useQuery({
    queryKey: collectionKeys.list(query),
    queryFn: () => getConcentrators(query),
    placeholderData: (before) => before,
  });
  const [to, setTo] = useState(String(seen.id));
  const [bus, setBus] = useState(String(meter.bus));
  const [gateway, setGateway] = useState(String(meter.gatewayId ?? ""));
  const { data: there } = useQuery({
    queryKey: collectionKeys.one(Number(to)),
    queryFn: () => getConcentrator(Number(to)),
  });
  // A gateway of the old place is not one of the new.
  const gateways = gatewaysOn(there, Number(bus), meter.meterId);
  const chosen = gateways.some((each) => each.value === gateway) ? gateway : "";
  return (
    <FormDialog
      title={t("channelMeters.moveTitle", { label: meter.label })}
      testId="move"
      dangerous
      act={(reason) =>
        postMeterMove(meter.meterId, {
          concentratorId: Number(to),
          bus: Number(bus),
          gatewayId: chosen === "" ? null : Number(chosen),
          version: meter.version,
          reason,
        })
      }
      onClose={onClose}
    >
      {(list?.pages ?? 1) > 1 || search !== "" ? (
        <TextField id="move-search" label={t("concentrators.search")} value={search} onChange={setSearch} />
      ) : null}
      <ChoiceField
        id="move-concentrator"
        label={t("channelMeters.concentrator")}
        value={to}
        options={withChosen(list?.items ?? [], there ?? seen).map((each) => ({
          value: String(each.id),
          label: `${each.name} (${each.meters}/${each.metersMax})`,
        }))}
        onChange={setTo}
      />
      <TextField id="move-bus" label={t("channels.bus")} value={bus} numeric onChange={setBus} />
      <ChoiceField
        id="move-gateway"
        label={t("channelMeters.gateway")}
        value={chosen}
        options={[{ value: "", label: t("channelMeters.noGateway") }, ...gateways]}
        onChange={setGateway}
      />
    </FormDialog>
  );
}

/** The concentrator that is chosen stays in the list, whatever is searched for. */
function withChosen<T extends { id: number }>(items: readonly T[], chosen: T): readonly T[] {
  return items.some((each) => each.id === chosen.id) ? items : [chosen, ...items];
}

/** Takes a meter out of use. */
export function RetireMeter({ meter, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <FormDialog
      title={t("channelMeters.retireTitle", { label: meter.label })}
      testId="retire-meter"
      dangerous
      act={(reason) => postMeterRetire(meter.meterId, { version: meter.version, reason, confirmed: true })}
      onClose={onClose}
    >
      <p>{t("channelMeters.retireLead")}</p>
    </FormDialog>
  );
}
