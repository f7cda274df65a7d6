import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { BatchPreview } from "#contract/switch-batches.ts";
import { againSteps, BATCH_METERS_MAX, type BatchKind, batchKinds } from "#domain/switch-batch.ts";
import { getBoard } from "#web/shared/api.ts";
import { batchKeys, getBatch, postBatchPreview } from "#web/shared/api-batches.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { sortTiles } from "#web/shared/live-cache.ts";
import { newKey } from "#web/shared/new-key.ts";
import { withFilter } from "../../address-filter.ts";
import { FailedLine, FailedNotice, Loading, Notice } from "../../notice.tsx";
import { BatchDialog } from "./batch-dialog.tsx";
import { PreviewRows } from "./batch-rows.tsx";
import { MeterChooser } from "./meter-chooser.tsx";
import { Pager, pageOf } from "./pager.tsx";
import { pastedNames } from "./pasted-names.ts";
import "./words.ts";
import { useAddress } from "../../use-address.ts";
import "../records/records.css";
import "../reports/reports.css";
import "./batches.css";

/** Makes a batch: choose the meters (by the board's filter, by a pasted list, or what failed before), look at the list, type how many. */
export function NewBatchPage() {
  const { t } = useTranslation();
  const [address, setAddress] = useAddress();
  const may: Record<BatchKind, boolean> = { trip: useCan("meter.trip"), close: useCan("meter.close") };
  const kinds = batchKinds.filter((each) => may[each]);
  const kind = kinds.find((each) => each === address.get("do")) ?? kinds[0] ?? "trip";
  const againOf = address.get("again");
  const client = useQueryClient();
  const navigate = useNavigate();
  const [picked, setPicked] = useState<ReadonlySet<number> | null>(null);
  const [pasted, setPasted] = useState("");
  const [asking, setAsking] = useState(false);
  const [key, setKey] = useState(newKey); // one batch of one list, however often the button is pressed
  const board = useQuery({
    queryKey: ["batches", "tiles"],
    queryFn: async ({ signal }) => sortTiles((await getBoard(signal)).tiles),
    structuralSharing: false,
  });
  const earlier = useQuery({
    queryKey: batchKeys.one(againOf ?? ""),
    queryFn: () => getBatch(againOf ?? ""),
    enabled: againOf !== null,
  });
  const failed = useMemo(
    () => (earlier.data?.items ?? []).filter(({ step }) => againSteps.includes(step)).map(({ meterId }) => meterId),
    [earlier.data],
  );
  const chosen = picked ?? new Set(failed);
  const names = pastedNames(pasted);
  const looking = useMutation({
    meta: { keepsTyped: true },
    mutationFn: () => postBatchPreview({ kind, meterIds: [...chosen], names: againOf === null ? names : [] }),
    onSuccess: () => setKey(newKey()),
  });
  const change = (changed: Readonly<Record<string, string>>): void =>
    setAddress((before) => withFilter(before, changed), { replace: true });
  const count = chosen.size + (againOf === null ? names.length : 0);
  const preview = looking.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("batches.new")}</h1>
        <Segmented
          value={kind}
          disabled={preview !== undefined || againOf !== null}
          onChange={(value: BatchKind) => change({ do: value })}
          options={kinds.map((value) => ({ value, label: t(`batches.kinds.${value}`) }))}
          aria-label={t("batches.choose.kind")}
          data-testid="batch-kind"
        />
        <Link className="link-button" to="/switch-batches">
          {t("batches.back")}
        </Link>
      </div>
      {preview === undefined ? (
        <>
          <p className="muted">{t("batches.choose.lead")}</p>
          {againOf === null ? (
            board.data === undefined ? (
              board.error ? (
                <FailedNotice error={board.error} retry={() => void board.refetch()} />
              ) : (
                <Loading rows={8} />
              )
            ) : (
              <MeterChooser
                tiles={board.data}
                chosen={chosen}
                onChoose={setPicked}
                address={address}
                onFilter={change}
              />
            )
          ) : earlier.data === undefined ? (
            earlier.error ? (
              <FailedNotice error={earlier.error} retry={() => void earlier.refetch()} />
            ) : (
              <Loading rows={4} />
            )
          ) : (
            <p data-testid="batch-again-of">{t("batches.choose.again", { count: failed.length })}</p>
          )}
          {againOf === null ? (
            <label className="field batch-paste" htmlFor="batch-paste" data-typed="">
              <span>{t("batches.choose.paste")}</span>
              <Input.TextArea
                id="batch-paste"
                rows={4}
                value={pasted}
                maxLength={20_000}
                placeholder={t("batches.choose.pasteHint")}
                onChange={(event) => setPasted(event.target.value)}
                data-testid="batch-paste"
              />
            </label>
          ) : null}
          {count > BATCH_METERS_MAX ? (
            <p className="banner banner-error" role="alert" data-testid="batch-too-many">
              {t("batches.choose.tooMany", { max: BATCH_METERS_MAX })}
            </p>
          ) : null}
          {looking.error ? <FailedLine error={looking.error} testId="preview-problem" /> : null}
          <div className="batch-chosen" data-testid="batch-chosen" data-count={chosen.size}>
            <span role="status">
              {count === 0 ? t("batches.choose.none") : t("batches.choose.chosen", { count: chosen.size })}
              {names.length > 0 && againOf === null ? ` · ${t("batches.choose.pasted", { count: names.length })}` : ""}
            </span>
            <Button
              type="primary"
              disabled={count === 0 || count > BATCH_METERS_MAX}
              onClick={() => looking.isPending || looking.mutate()}
              aria-busy={looking.isPending}
              data-testid="batch-next"
            >
              {looking.isPending ? t("app.loading") : t("batches.choose.next")}
            </Button>
          </div>
        </>
      ) : (
        <Review
          kind={kind}
          preview={preview}
          page={Number(address.get("row") ?? "1") || 1}
          onPage={(row) => change({ row: String(row) })}
          onEdit={looking.reset}
          onAsk={() => setAsking(true)}
        />
      )}
      {asking && preview !== undefined ? (
        <BatchDialog
          kind={kind}
          preview={preview}
          requestKey={key}
          againOf={againOf}
          onDone={(batch) => {
            client.setQueryData(batchKeys.one(batch.batchId), batch);
            void client.invalidateQueries({ queryKey: ["batches", "list"] });
            navigate(`/switch-batches/${batch.batchId}`);
          }}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </main>
  );
}

type ReviewProps = {
  kind: BatchKind;
  preview: BatchPreview;
  page: number;
  onPage: (page: number) => void;
  onEdit: () => void;
  onAsk: () => void;
};

/** The list as it would be kept: who is switched, who stays out and why, and what of the pasted names was not understood. */
function Review({ kind, preview, page, onPage, onEdit, onAsk }: ReviewProps) {
  const { t } = useTranslation();
  const { items, meters, unknown, ambiguous, missing } = preview;
  const shown = pageOf(items, page);
  const leftOut = items.length - meters;
  const isTooMany = preview.limit !== null && meters > preview.limit;
  return (
    <section className="batch-list-part" aria-label={t("batches.list")} data-testid="batch-review" data-meters={meters}>
      <h2>{t("batches.review.title", { kind: t(`batches.kinds.${kind}`), count: meters })}</h2>
      <p className="muted">
        {t("meter.asOf", { time: dateTime(preview.asOf) })} ·{" "}
        {t(preview.secondPerson ? "batches.review.second" : "batches.review.alone")}{" "}
        {kind === "trip" ? t("batches.review.pace", { count: preview.perWindow }) : null}{" "}
        {preview.limit === null ? null : t("limits.batchLimit", { limit: preview.limit })}
      </p>
      {isTooMany ? (
        <p className="banner banner-error" role="alert" data-testid="batch-over-limit">
          {t("limits.batchTooMany", { count: meters, limit: preview.limit })}
        </p>
      ) : null}
      {leftOut > 0 ? (
        <p className="banner banner-warn" data-testid="batch-left-out" data-count={leftOut}>
          {t("batches.review.leftOut", { count: leftOut })}
        </p>
      ) : null}
      {unknown.length > 0 ? (
        <p className="banner banner-warn" data-testid="batch-unknown">
          {t("batches.review.unknown", { names: unknown.join(t("app.and")) })}
        </p>
      ) : null}
      {ambiguous.length > 0 ? (
        <p className="banner banner-warn">{t("batches.review.ambiguous", { names: ambiguous.join(t("app.and")) })}</p>
      ) : null}
      {missing > 0 ? <p className="banner banner-warn">{t("batches.review.missing", { count: missing })}</p> : null}
      {items.length === 0 ? (
        <Notice title={t("batches.review.nothing")} testId="batch-nothing" />
      ) : (
        <>
          <PreviewRows rows={shown.rows} />
          <Pager page={shown.page} total={items.length} onPage={onPage} />
        </>
      )}
      <div className="batch-chosen">
        <Button onClick={onEdit} data-testid="batch-edit">
          {t("batches.review.edit")}
        </Button>
        <Button
          {...(kind === "trip" ? { danger: true } : { type: "primary" as const })}
          disabled={meters === 0 || isTooMany}
          onClick={onAsk}
          data-testid="batch-ask"
        >
          {t(`batches.review.ask.${kind}`)}
        </Button>
      </div>
    </section>
  );
}
