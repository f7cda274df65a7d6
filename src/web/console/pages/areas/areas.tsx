import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { AreaNode } from "#contract/areas.ts";
import { areaKeys, getAreaTree, postAreaMove } from "#web/shared/api-areas.ts";
import { Empty, WayTo } from "../../empty.tsx";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { AreaTreeView } from "./area-tree.tsx";
import { MoveDialog } from "./move-dialog.tsx";
import "./areas.css";

/** What was moved last: enough to take it back. */
type Moved = { area: AreaNode; from: AreaNode; to: AreaNode };

/** The tree of areas (片区): by keys or by mouse an area is moved below another one, after a question, and back. */
export function AreasPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const tree = useQuery({ queryKey: areaKeys.tree, queryFn: getAreaTree });
  const [moving, setMoving] = useState<AreaNode | null>(null);
  const [moved, setMoved] = useState<Moved | null>(null);
  const undoing = useMutation({
    mutationFn: ({ area, from, to }: Moved) =>
      postAreaMove(area.areaId, {
        parentId: from.areaId,
        seenParentId: to.areaId,
        reason: t("areas.undoReason"),
      }),
    onSuccess: () => client.invalidateQueries(),
  });
  const areas = tree.data?.areas;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("areas.title")}</h1>
      </div>
      <p className="muted">{t("areas.lead")}</p>
      {moved === null ? null : (
        <div className="banner area-moved" role="status" data-testid="area-moved">
          <span>
            {t(undoing.isSuccess ? "areas.undone" : "areas.moved", {
              name: moved.area.name,
              from: moved.from.name,
              to: moved.to.name,
            })}
          </span>
          {undoing.isSuccess ? null : (
            <Button
              onClick={() => undoing.isPending || undoing.mutate(moved)}
              aria-busy={undoing.isPending}
              data-testid="area-undo"
            >
              {t("areas.undo")}
            </Button>
          )}
          {undoing.error ? <FailedLine error={undoing.error} testId="undo-problem" /> : null}
        </div>
      )}
      {areas === undefined ? (
        tree.error ? (
          <FailedNotice error={tree.error} retry={() => void tree.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : areas.length === 0 ? (
        <Empty
          title={t("areas.none")}
          lead={t("areas.noneLead")}
          action={
            <WayTo to="/imports" can="archive.import">
              {t("menu.imports")}
            </WayTo>
          }
          testId="areas-empty"
        />
      ) : (
        <AreaTreeView areas={areas} onMove={setMoving} />
      )}
      {moving !== null && areas !== undefined ? (
        <MoveDialog
          area={moving}
          areas={areas}
          onDone={(done) => {
            undoing.reset();
            setMoved(done);
            setMoving(null);
            // Whatever is shown by areas may be another sum now.
            void client.invalidateQueries();
          }}
          onClose={() => setMoving(null)}
        />
      ) : null}
    </main>
  );
}
