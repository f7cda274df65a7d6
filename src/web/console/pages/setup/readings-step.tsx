import { useMutation } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { SetupCandidate, SetupView } from "#contract/setup.ts";
import { getMeter, postCommand } from "#web/shared/api.ts";
import { newKey } from "#web/shared/new-key.ts";
import { ExportButton } from "../../export-button.tsx";
import { MeterSearch } from "../../meter-search.tsx";
import { FailedLine } from "../../notice.tsx";
import { FaceRow } from "./face-row.tsx";
import { useLock } from "./use-lock.ts";

/** Step 5: some meters are read, and what their faces show is typed and compared. */
export function ReadingsStep({ view }: { view: SetupView }) {
  const { t } = useTranslation();
  const [commands, setCommands] = useState<Readonly<Record<number, string>>>({});
  const [others, setOthers] = useState<readonly SetupCandidate[]>([]);
  const lock = useLock();
  const reading = useMutation({
    meta: { keepsTyped: true },
    onSettled: lock.free,
    mutationFn: async (meterIds: readonly number[]) => {
      for (const meterId of meterIds) {
        const made = await postCommand(meterId, { key: newKey(), kind: "read", reason: "" });
        setCommands((now) => ({ ...now, [meterId]: made.id }));
      }
    },
  });
  const finding = useMutation({
    meta: { keepsTyped: true },
    mutationFn: getMeter,
    onSuccess: ({ tile, address, ratio, indexAt }) => {
      const { meterId, number, label, kind } = tile;
      const other = { meterId, number, label, address, kind, ratio, indexAt, face: null };
      setOthers((now) => [other, ...now.filter((each) => each.meterId !== meterId)]);
    },
  });
  const listed = new Set(view.candidates.map(({ meterId }) => meterId));
  const rows = [...others.filter(({ meterId }) => !listed.has(meterId)), ...view.candidates];
  const compared = rows.filter(({ face }) => face !== null);
  if (rows.length === 0) return <p className="empty-line">{t("setup.readings.none")}</p>;
  return (
    <div className="setup-parts" data-typed="">
      <p className="muted">{t("setup.readings.lead")}</p>
      <div className="row-buttons">
        <Button
          type="primary"
          onClick={() => lock.take() && reading.mutate(rows.map(({ meterId }) => meterId))}
          aria-busy={reading.isPending}
          data-testid="face-read-all"
        >
          {t("setup.readings.readAll", { count: rows.length })}
        </Button>
        <span className="muted" role="status" data-testid="face-count" data-count={compared.length}>
          {t("setup.readings.count", {
            count: compared.length,
            different: compared.filter(({ face }) => face?.verdict === "different").length,
          })}
        </span>
        {compared.length > 0 ? <ExportButton path="/api/setup/faces/file" testId="faces-file" /> : null}
      </div>
      {reading.error ? <FailedLine error={reading.error} testId="face-read-problem" /> : null}
      <ul className="setup-faces" data-testid="faces">
        {rows.map((meter) => (
          <FaceRow
            key={meter.meterId}
            meter={meter}
            commandId={commands[meter.meterId] ?? null}
            onRead={() => lock.take() && reading.mutate([meter.meterId])}
          />
        ))}
      </ul>
      <h3>{t("setup.readings.other")}</h3>
      <MeterSearch onChoose={({ meterId }) => finding.mutate(meterId)} />
      {finding.error ? <FailedLine error={finding.error} testId="face-other-problem" /> : null}
    </div>
  );
}
