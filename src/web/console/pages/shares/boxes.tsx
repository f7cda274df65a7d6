import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Boxes } from "#contract/shares.ts";
import { deskKeys, getAreas } from "#web/shared/api-desk.ts";
import { getBoxes, postBox, shareKeys } from "#web/shared/api-shares.ts";
import { Can } from "#web/shared/can.tsx";
import { Dialog } from "../../dialog.tsx";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { meterIdOf, UnknownMeter } from "./meter-number.ts";

type Box = Boxes["items"][number];

/** Boxes (配电箱): which meters stand together, and may share a public one. */
export function BoxList() {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: shareKeys.boxes, queryFn: getBoxes });
  const [editing, setEditing] = useState<Box | "new" | null>(null);
  return (
    <section className="panel stack" data-testid="boxes">
      <div className="page-head">
        <h2>{t("shares.boxes")}</h2>
        <Can do="share.manage">
          <Button onClick={() => setEditing("new")} data-testid="box-new">
            {t("shares.newBox")}
          </Button>
        </Can>
      </div>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={3} />
        )
      ) : found.data.items.length === 0 ? (
        <p className="empty-line">{t("shares.noBoxes")}</p>
      ) : (
        found.data.items.map((box) => (
          <div key={box.boxId} data-testid={`box-${box.boxId}`}>
            <p>
              <strong>{box.name}</strong> · {box.areaName}{" "}
              <Can do="share.manage">
                <Button size="small" onClick={() => setEditing(box)} data-testid="box-edit">
                  {t("shares.editBox")}
                </Button>
              </Can>
            </p>
            <p className="muted">
              {box.meters.length === 0
                ? t("shares.emptyBox")
                : box.meters
                    .map((meter) =>
                      meter.mode === "public" ? `${meter.label}(${t("shares.publicMeter")})` : meter.label,
                    )
                    .join(" · ")}
            </p>
          </div>
        ))
      )}
      {editing === null ? null : (
        <BoxDialog box={editing === "new" ? null : editing} onClose={() => setEditing(null)} />
      )}
    </section>
  );
}

function BoxDialog({ box, onClose }: { box: Box | null; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const areas = useQuery({ queryKey: deskKeys.areas, queryFn: getAreas, staleTime: 60_000 });
  const [areaId, setAreaId] = useState(box?.areaId ?? 0);
  const [name, setName] = useState(box?.name ?? "");
  const [numbers, setNumbers] = useState(box?.meters.map((meter) => meter.number).join("\n") ?? "");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const area = areaId === 0 ? (areas.data?.items.at(-1)?.areaId ?? 0) : areaId;
  const save = useMutation({
    mutationFn: async () => {
      const meterIds: number[] = [];
      for (const number of numbers.split(/\s+/).filter((each) => each !== "")) meterIds.push(await meterIdOf(number));
      await postBox({ boxId: box?.boxId ?? null, areaId: area, name: name.trim(), meterIds, reason: reason.trim() });
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: shareKeys.all });
      onClose();
    },
  });
  const submit = (): void => {
    setTried(true);
    if (name.trim() !== "" && reason.trim() !== "" && area !== 0 && !save.isPending) save.mutate();
  };
  return (
    <Dialog title={t(box === null ? "shares.newBox" : "shares.editBox")} onClose={onClose} testId="box-dialog">
      <label className="field" htmlFor="box-name">
        <span>{t("shares.boxName")}</span>
        <Input
          id="box-name"
          value={name}
          maxLength={100}
          onChange={(event) => setName(event.target.value)}
          data-autofocus=""
          data-testid="box-name"
        />
      </label>
      <label className="filter-field" htmlFor="box-area">
        <span>{t("shares.boxArea")}</span>
        <select
          id="box-area"
          value={area}
          onChange={(event) => setAreaId(Number(event.target.value))}
          data-testid="box-area"
        >
          {(areas.data?.items ?? []).map((each) => (
            <option key={each.areaId} value={each.areaId}>
              {each.name}
            </option>
          ))}
        </select>
      </label>
      <label className="field" htmlFor="box-meters">
        <span>{t("shares.boxMeters")}</span>
        <Input.TextArea
          id="box-meters"
          rows={6}
          value={numbers}
          onChange={(event) => setNumbers(event.target.value)}
          data-testid="box-meters"
        />
      </label>
      <label className="field" htmlFor="box-reason">
        <span>{t("shares.reason")}</span>
        <Input
          id="box-reason"
          value={reason}
          maxLength={200}
          onChange={(event) => setReason(event.target.value)}
          data-testid="box-reason"
        />
        <span className="field-problem" role="alert">
          {tried && (reason.trim() === "" || name.trim() === "") ? t("shares.reasonMissing") : ""}
        </span>
      </label>
      {save.error instanceof UnknownMeter ? (
        <p className="banner banner-error" role="alert" data-testid="box-problem">
          {t("shares.boxUnknown", { number: save.error.number })}
        </p>
      ) : save.error ? (
        <FailedLine error={save.error} testId="box-problem" />
      ) : null}
      <div className="dialog-buttons">
        <Button onClick={onClose}>{t("shares.cancel")}</Button>
        <Button type="primary" onClick={submit} aria-busy={save.isPending} data-testid="box-save">
          {t("shares.saveBox")}
        </Button>
      </div>
    </Dialog>
  );
}
