import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { CollectionSettings, ItemSet } from "#contract/collection.ts";
import { optionalItems } from "#domain/collection.ts";
import {
  collectionKeys,
  getCollection,
  postDefaults,
  postItemSet,
  postItemSetRemove,
} from "#web/shared/api-collection.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { ClockMode } from "./clock-mode.tsx";
import { CycleText } from "./cycle-text.tsx";
import { ChoiceField, CycleField, cycleTyped, FormDialog, TextField } from "./form-dialog.tsx";
import "../reports/reports.css";
import "./concentrators.css";
import { SheetBox } from "../../sheet-box.tsx";

type Project = CollectionSettings["projects"][number];
type Doing = { what: "project"; project: Project } | { what: "set" | "remove"; set: ItemSet | null };

/** How projects are read (采集设置): default cycles, and the item sets. */
export function CollectionPage() {
  const { t } = useTranslation();
  const [doing, setDoing] = useState<Doing | null>(null);
  const found = useQuery({ queryKey: collectionKeys.settings, queryFn: getCollection });
  const settings = found.data;
  const close = (): void => setDoing(null);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("collection.title")}</h1>
        {settings === undefined ? null : <small>{t("concentrators.asOf", { at: dateTime(settings.asOf) })}</small>}
      </div>
      <p className="muted">{t("collection.lead")}</p>
      {settings === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <>
          <ProjectTable settings={settings} onEdit={(project) => setDoing({ what: "project", project })} />
          <ClockMode settings={settings} />
          <SetTable settings={settings} onDo={(what, set) => setDoing({ what, set })} />
          {doing?.what === "project" ? (
            <DefaultsDialog project={doing.project} sets={settings.itemSets} onClose={close} />
          ) : null}
          {doing?.what === "set" ? <SetDialog settings={settings} set={doing.set} onClose={close} /> : null}
          {doing?.what === "remove" && doing.set !== null ? <RemoveDialog set={doing.set} onClose={close} /> : null}
        </>
      )}
    </main>
  );
}

function ProjectTable({ settings, onEdit }: { settings: CollectionSettings; onEdit: (project: Project) => void }) {
  const { t } = useTranslation();
  return (
    <section className="archive-part" aria-label={t("collection.defaults")}>
      <h2>{t("collection.defaults")}</h2>
      <SheetBox cards>
        <table className="sheet" data-testid="collection-projects">
          <thead>
            <tr>
              <th className="first">{t("collection.project")}</th>
              <th>{t("concentrators.cycle")}</th>
              <th>{t("channels.items")}</th>
              <th>{t("collection.changed")}</th>
              <th>
                <span className="unseen">{t("concentrators.edit")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {settings.projects.map((each) => (
              <tr key={each.projectId}>
                <th scope="row" className="first">
                  {each.name}
                </th>
                <td data-testid={`project-${each.projectId}-cycle`}>
                  <CycleText seconds={each.readIntervalS} unset={t("concentrators.cycleStarted")} />
                </td>
                <td>{settings.itemSets.find((set) => set.id === each.itemSetId)?.name ?? t("collection.usual")}</td>
                <td>
                  {each.updatedAt === 0
                    ? t("collection.never")
                    : t("collection.updated", { by: each.updatedBy, at: dateTime(each.updatedAt) })}
                </td>
                <td>
                  <Can do="settings.manage">
                    <Button size="small" onClick={() => onEdit(each)} data-testid={`edit-project-${each.projectId}`}>
                      {t("concentrators.edit")}
                    </Button>
                  </Can>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </SheetBox>
    </section>
  );
}

function DefaultsDialog(props: { project: Project; sets: readonly ItemSet[]; onClose: () => void }) {
  const { project, sets, onClose } = props;
  const { t } = useTranslation();
  const [cycle, setCycle] = useState(String(project.readIntervalS ?? ""));
  const [items, setItems] = useState(String(project.itemSetId ?? ""));
  const own = sets.filter((set) => set.projectId === project.projectId);
  return (
    <FormDialog
      title={t("concentrators.editTitle", { name: project.name })}
      testId="defaults"
      act={() =>
        postDefaults({
          projectId: project.projectId,
          readIntervalS: cycleTyped(cycle),
          itemSetId: items === "" ? null : Number(items),
          version: project.version,
        })
      }
      onClose={onClose}
    >
      <CycleField id="defaults-cycle" value={cycle} onChange={setCycle} />
      <ChoiceField
        id="defaults-items"
        label={t("channels.items")}
        value={items}
        options={[
          { value: "", label: t("collection.usual") },
          ...own.map((set) => ({ value: String(set.id), label: set.name })),
        ]}
        onChange={setItems}
      />
    </FormDialog>
  );
}

function SetTable(props: {
  settings: CollectionSettings;
  onDo: (what: "set" | "remove", set: ItemSet | null) => void;
}) {
  const { t } = useTranslation();
  const { itemSets } = props.settings;
  const itemsText = (set: ItemSet): string =>
    set.items
      .map(({ item, every }) => {
        const often = every === 1 ? t("collection.everyRound") : t("collection.every", { n: every });
        return `${t(`collection.itemNames.${item}`)} ${often}`;
      })
      .join(" · ");
  return (
    <section className="archive-part" aria-label={t("collection.itemSets")}>
      <div className="page-head">
        <h2>{t("collection.itemSets")}</h2>
        <Can do="settings.manage">
          <Button onClick={() => props.onDo("set", null)} data-testid="add-item-set">
            {t("collection.add")}
          </Button>
        </Can>
      </div>
      <p className="muted">{t("collection.itemSetsLead")}</p>
      {itemSets.length === 0 ? (
        <p className="empty-line">{t("collection.empty")}</p>
      ) : (
        <SheetBox cards>
          <table className="sheet" data-testid="item-sets">
            <thead>
              <tr>
                <th className="first">{t("collection.name")}</th>
                <th>{t("collection.items")}</th>
                <th className="num">{t("collection.uses")}</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {itemSets.map((set) => (
                <tr key={set.id}>
                  <th scope="row" className="first">
                    {set.name}
                  </th>
                  <td>{itemsText(set) || t("collection.none")}</td>
                  <td className="num">{set.uses}</td>
                  <td>
                    <Can do="settings.manage">
                      <div className="row-buttons">
                        <Button size="small" onClick={() => props.onDo("set", set)}>
                          {t("concentrators.edit")}
                        </Button>
                        <Button size="small" danger onClick={() => props.onDo("remove", set)}>
                          {t("collection.remove")}
                        </Button>
                      </div>
                    </Can>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </SheetBox>
      )}
    </section>
  );
}

function SetDialog(props: { settings: CollectionSettings; set: ItemSet | null; onClose: () => void }) {
  const { settings, set, onClose } = props;
  const { t } = useTranslation();
  const [name, setName] = useState(set?.name ?? "");
  const [projectId, setProjectId] = useState(String(set?.projectId ?? settings.projects[0]?.projectId ?? ""));
  const everyOf = (item: string) => String(set?.items.find((each) => each.item === item)?.every ?? "");
  const [every, setEvery] = useState<Record<string, string>>(
    Object.fromEntries(optionalItems.map((item) => [item, everyOf(item)])),
  );
  return (
    <FormDialog
      title={set === null ? t("collection.addTitle") : t("collection.editTitle", { name: set.name })}
      testId="item-set"
      act={() =>
        postItemSet({
          id: set?.id ?? null,
          projectId: Number(projectId),
          name,
          items: optionalItems.flatMap((item) =>
            (every[item] ?? "") === "" ? [] : [{ item, every: Number(every[item]) }],
          ),
          version: set?.version ?? 0,
        })
      }
      onClose={onClose}
    >
      {set === null ? (
        <ChoiceField
          id="item-set-project"
          label={t("collection.project")}
          value={projectId}
          options={settings.projects.map((each) => ({ value: String(each.projectId), label: each.name }))}
          onChange={setProjectId}
        />
      ) : null}
      <TextField id="item-set-name" label={t("collection.name")} value={name} onChange={setName} />
      <p className="muted">{t("collection.everyLabel")}</p>
      {optionalItems.map((item) => (
        <TextField
          key={item}
          id={`item-set-${item}`}
          label={t(`collection.itemNames.${item}`)}
          value={every[item] ?? ""}
          numeric
          onChange={(value) => setEvery({ ...every, [item]: value })}
        />
      ))}
    </FormDialog>
  );
}

function RemoveDialog({ set, onClose }: { set: ItemSet; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <FormDialog
      title={t("collection.removeTitle", { name: set.name })}
      testId="remove-item-set"
      act={() => postItemSetRemove(set.id, set.version)}
      onClose={onClose}
    >
      <p>{t("collection.removeLead")}</p>
    </FormDialog>
  );
}
