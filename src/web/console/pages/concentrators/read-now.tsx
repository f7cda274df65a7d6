import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { BusFrame, MeterOnChannel } from "#contract/collection.ts";
import { getCommand, postCommand } from "#web/shared/api.ts";
import { getBusFrames } from "#web/shared/api-collection.ts";
import { reasonText } from "#web/shared/i18n.ts";
import { isCommandDone } from "#web/shared/live-cache.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { FrameLine } from "./monitor.tsx";

const POLL_MS = 500;

type Props = { concentratorId: number; meter: MeterOnChannel; onClose: () => void };

/** Reads a meter now (试抄) and shows the very frames of it: question and answer. */
export function TestRead({ concentratorId, meter, onClose }: Props) {
  const { t } = useTranslation();
  const [key] = useState(newKey);
  const asked = useQuery({
    queryKey: ["test-read", key],
    queryFn: () => postCommand(meter.meterId, { key, kind: "read", reason: "" }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const command = useQuery({
    queryKey: ["test-read", key, "state"],
    queryFn: () => getCommand(asked.data?.id ?? ""),
    enabled: asked.data !== undefined,
    refetchInterval: ({ state }) => (state.data && isCommandDone(state.data) ? false : POLL_MS),
  });
  const done = command.data !== undefined && isCommandDone(command.data);
  const isLast = (frame: BusFrame) => command.data?.state !== "confirmed" || frame.direction === "received";
  const frames = useQuery({
    queryKey: ["test-read", key, "frames", done],
    queryFn: async () => {
      const { items } = await getBusFrames(concentratorId, command.data?.createdAt ?? 0, meter.meterId);
      return items.filter((each) => each.commandId === asked.data?.id);
    },
    enabled: done,
    // The outcome is told before the frames are written, and the meter may have been asked by others meanwhile.
    refetchInterval: ({ state }) => (state.data?.some(isLast) ? false : POLL_MS),
  });
  const own = frames.data ?? [];
  const tookMs = own.reduce((sum, each) => sum + each.tookMs, 0);
  return (
    <Dialog title={t("channelMeters.readTitle", { label: meter.label })} onClose={onClose} testId="test-read-dialog">
      {asked.error ? <FailedLine error={asked.error} /> : null}
      <p role="status" data-testid="test-read" data-state={command.data?.state ?? "waiting"}>
        {!done
          ? t("channelMeters.readWaiting")
          : command.data?.state === "confirmed"
            ? own.length === 0
              ? t("command.readDone")
              : t("channelMeters.readDone", { ms: tookMs })
            : t("channelMeters.readFailed", { why: reasonText(command.data?.stateReason ?? "") })}
      </p>
      {own.length === 0 ? null : (
        <ul className="monitor-lines" data-testid="test-read-frames">
          {own.map((frame) => (
            <FrameLine key={`${frame.at}-${frame.slot}`} frame={frame} />
          ))}
        </ul>
      )}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="">
          {t("concentrators.back")}
        </Button>
      </div>
    </Dialog>
  );
}
