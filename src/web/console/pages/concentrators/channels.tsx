import { Button, Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Channel, ConcentratorView, ItemSet } from "#contract/collection.ts";
import { bauds, channelKinds } from "#domain/collection.ts";
import { postChannel } from "#web/shared/api-collection.ts";
import { Can } from "#web/shared/can.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { CycleText } from "./cycle-text.tsx";
import { ChoiceField, CycleField, cycleTyped, FormDialog, TextField } from "./form-dialog.tsx";

type Props = { seen: ConcentratorView; sets: readonly ItemSet[] };

/** The channels (通道) of a concentrator, each with what holds for it. */
export function ChannelTable({ seen, sets }: Props) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState<Channel | "new" | null>(null);
  return (
    <section className="archive-part" aria-label={t("channels.title")}>
      <div className="page-head">
        <h2>{t("channels.title")}</h2>
        <Can do="concentrator.manage">
          <Button onClick={() => setEditing("new")} data-testid="add-channel">
            {t("channels.add")}
          </Button>
        </Can>
      </div>
      <p className="muted">{t("channels.lead")}</p>
      {seen.channels.length === 0 ? (
        <p className="empty-line">{t("channels.empty")}</p>
      ) : (
        <SheetBox cards>
          <table className="sheet" data-testid="channels">
            <thead>
              <tr>
                <th className="first">{t("channels.name")}</th>
                <th className="num">{t("channels.bus")}</th>
                <th>{t("channels.kind")}</th>
                <th className="num">{t("channels.baud")}</th>
                <th>{t("channels.cycle")}</th>
                <th>{t("channels.items")}</th>
                <th className="num">{t("channels.meters")}</th>
                <th>{t("channels.enabled")}</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {seen.channels.map((each) => (
                <tr key={each.bus} data-testid={`channel-${each.bus}`}>
                  <th scope="row" className="first">
                    {each.name}
                  </th>
                  <td className="num">{each.bus}</td>
                  <td>{t(`channels.kinds.${each.kind}`)}</td>
                  <td className="num">{each.baud ?? t("channels.baudAuto")}</td>
                  <td data-testid={`channel-${each.bus}-cycle`}>
                    <CycleText seconds={each.cycleS} unset={t("concentrators.cycleStarted")} />
                  </td>
                  <td>{sets.find((set) => set.id === each.itemSetId)?.name ?? t("channels.itemsInherit")}</td>
                  <td className="num">{each.meters}</td>
                  <td>{t(each.enabled ? "channels.enabled" : "channels.disabled")}</td>
                  <td>
                    <Can do="concentrator.manage">
                      <Button size="small" onClick={() => setEditing(each)} data-testid={`edit-channel-${each.bus}`}>
                        {t("concentrators.edit")}
                      </Button>
                    </Can>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </SheetBox>
      )}
      {editing === null ? null : (
        <ChannelDialog
          seen={seen}
          sets={sets}
          channel={editing === "new" ? null : editing}
          onClose={() => setEditing(null)}
        />
      )}
    </section>
  );
}

function ChannelDialog({ seen, sets, channel, onClose }: Props & { channel: Channel | null; onClose: () => void }) {
  const { t } = useTranslation();
  const free = 1 + Math.max(0, ...seen.channels.map((each) => each.bus));
  const [bus, setBus] = useState(String(channel?.bus ?? free));
  const [name, setName] = useState(channel?.name ?? "");
  const [kind, setKind] = useState<string>(channel?.kind ?? "rs485");
  const [baud, setBaud] = useState(String(channel?.baud ?? ""));
  const [enabled, setEnabled] = useState(channel?.enabled ?? true);
  const [cycle, setCycle] = useState(String(channel?.readIntervalS ?? ""));
  const [itemSetId, setItemSetId] = useState(String(channel?.itemSetId ?? ""));
  const inherit = { value: "", label: t("channels.itemsInherit") };
  return (
    <FormDialog
      title={channel === null ? t("channels.addTitle") : t("channels.editTitle", { name: channel.name })}
      testId="channel"
      act={() =>
        postChannel(seen.id, {
          bus: Number(bus),
          name,
          kind: channelKinds.find((each) => each === kind) ?? "rs485",
          baud: bauds.find((each) => String(each) === baud) ?? null,
          enabled,
          readIntervalS: cycleTyped(cycle),
          itemSetId: itemSetId === "" ? null : Number(itemSetId),
          version: channel?.version ?? null,
        })
      }
      onClose={onClose}
    >
      {channel === null ? (
        <TextField id="channel-bus" label={t("channels.bus")} value={bus} numeric onChange={setBus} />
      ) : null}
      <TextField id="channel-name" label={t("channels.name")} value={name} onChange={setName} />
      <ChoiceField
        id="channel-kind"
        label={t("channels.kind")}
        value={kind}
        options={channelKinds.map((value) => ({ value, label: t(`channels.kinds.${value}`) }))}
        onChange={setKind}
      />
      <ChoiceField
        id="channel-baud"
        label={t("channels.baud")}
        value={baud}
        options={[
          { value: "", label: t("channels.baudAuto") },
          ...bauds.map((value) => ({ value: String(value), label: String(value) })),
        ]}
        onChange={setBaud}
      />
      <CycleField id="channel-cycle" value={cycle} onChange={setCycle} />
      <ChoiceField
        id="channel-items"
        label={t("channels.items")}
        value={itemSetId}
        options={[inherit, ...sets.map((set) => ({ value: String(set.id), label: set.name }))]}
        onChange={setItemSetId}
      />
      <Checkbox checked={enabled} onChange={(event) => setEnabled(event.target.checked)} data-testid="channel-enabled">
        {t("channels.enabled")}
      </Checkbox>
    </FormDialog>
  );
}
