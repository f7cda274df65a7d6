import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { AreaMovePreview, AreaNode } from "#contract/areas.ts";
import { areaKeys, getAreaMovePreview, postAreaMove } from "#web/shared/api-areas.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { pathText, placesFor } from "./area-branches.ts";

type Props = {
  area: AreaNode;
  areas: readonly AreaNode[];
  onDone: (moved: { area: AreaNode; from: AreaNode; to: AreaNode }) => void;
  onClose: () => void;
};

/** Asks where an area is to go and why, and says what changes with it. Done by its button alone: Enter never does it. */
export function MoveDialog({ area, areas, onDone, onClose }: Props) {
  const { t } = useTranslation();
  const [to, setTo] = useState(0);
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const from = areas.find((each) => each.areaId === area.parentId);
  const places = placesFor(area, areas);
  const target = places.find((each) => each.areaId === to);
  const preview = useQuery({
    queryKey: areaKeys.preview(area.areaId, to),
    queryFn: () => getAreaMovePreview(area.areaId, to),
    enabled: target !== undefined,
    retry: false,
  });
  const doing = useMutation({
    mutationFn: () =>
      postAreaMove(area.areaId, { parentId: to, seenParentId: area.parentId ?? 0, reason: reason.trim() }),
    onSuccess: () => {
      if (from !== undefined && target !== undefined) onDone({ area, from, to: target });
    },
  });
  const missing = target === undefined ? t("areas.toMissing") : reason.trim() === "" ? t("areas.reasonMissing") : "";
  const confirm = (): void => {
    setTried(true);
    if (missing === "" && !doing.isPending) doing.mutate();
  };
  return (
    <Dialog title={t("areas.moveOf", { name: area.name })} onClose={onClose} testId="move-dialog">
      <p className="dialog-lead">{t("areas.now", { name: area.name, parent: from?.name ?? "" })}</p>
      {places.length === 0 ? <p className="muted">{t("areas.nowhere")}</p> : null}
      <label className="field" htmlFor="move-to">
        <span>{t("areas.to")}</span>
        <select
          id="move-to"
          className="area-select"
          value={String(to)}
          onChange={(event) => setTo(Number(event.target.value))}
          data-testid="move-to"
        >
          <option value="0">{t("areas.choose")}</option>
          {places.map((each) => (
            <option key={each.areaId} value={String(each.areaId)}>
              {pathText(each, areas)}
            </option>
          ))}
        </select>
      </label>
      {preview.data ? <Effects of={preview.data} /> : null}
      {preview.error ? <FailedLine error={preview.error} testId="move-refused" /> : null}
      <label className="field" htmlFor="move-reason">
        <span>{t("areas.reason")}</span>
        <Input
          id="move-reason"
          value={reason}
          maxLength={200}
          onChange={(event) => setReason(event.target.value)}
          data-testid="move-reason"
        />
      </label>
      <span className="field-problem" role="alert" data-testid="move-missing">
        {tried ? missing : ""}
      </span>
      {doing.error ? <FailedLine error={doing.error} testId="move-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-testid="move-back">
          {t("areas.back")}
        </Button>
        <Button danger onClick={confirm} aria-busy={doing.isPending} data-testid="move-confirm">
          {doing.isPending ? t("app.loading") : t("areas.confirm")}
        </Button>
      </div>
    </Dialog>
  );
}

function Effects({ of }: { of: AreaMovePreview }) {
  const { t } = useTranslation();
  return (
    <div className="dialog-lead" data-testid="move-effects" data-meters={of.meters} data-users={of.users}>
      <p>{t("areas.effects", { areas: of.areas, meters: of.meters })}</p>
      {of.users > 0 ? <p>{t("areas.usersChanged", { count: of.users })}</p> : null}
      {of.windows > 0 ? <p className="bad">{t("areas.windowsChanged", { count: of.windows })}</p> : null}
      {of.users + of.windows === 0 ? <p className="muted">{t("areas.nothingElse")}</p> : null}
    </div>
  );
}
