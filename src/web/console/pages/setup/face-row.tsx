import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Command } from "#contract/metering.ts";
import type { FaceReading, SetupCandidate } from "#contract/setup.ts";
import { getCommand } from "#web/shared/api.ts";
import { postFace, setupKey } from "#web/shared/api-setup.ts";
import { clockTime, dateTime, units } from "#web/shared/format.ts";
import { reasonText } from "#web/shared/i18n.ts";
import { isCommandDone } from "#web/shared/live-cache.ts";
import { FailedLine } from "../../notice.tsx";

const POLL_MS = 700;
const unitOf = (kind: SetupCandidate["kind"]) => (kind === "water" ? "m³" : "kWh");

type Props = { meter: SetupCandidate; commandId: string | null; onRead: () => void };

/** One meter: read now, the number on its face, and what came of comparing the two. */
export function FaceRow({ meter, commandId, onRead }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const [doneWith, setDoneWith] = useState<string | null>(null);
  const command = useQuery({
    queryKey: [...setupKey, "read", commandId],
    queryFn: () => getCommand(commandId ?? ""),
    enabled: commandId !== null,
    refetchInterval: ({ state }) => (state.data && isCommandDone(state.data) ? false : POLL_MS),
  });
  const comparing = useMutation({
    mutationFn: () => postFace({ meterId: meter.meterId, commandId: commandId ?? "", typed: typed.trim() }),
    onSuccess: async () => {
      setDoneWith(commandId);
      setTyped("");
      await client.invalidateQueries({ queryKey: setupKey });
    },
  });
  const isRead = command.data?.state === "confirmed" && commandId !== doneWith;
  const isReading = commandId !== null && (command.data === undefined || !isCommandDone(command.data));
  const face = comparing.data ?? meter.face;
  const compare = (event: SubmitEvent): void => {
    event.preventDefault();
    if (typed.trim() !== "" && !comparing.isPending) comparing.mutate();
  };
  return (
    <li className="setup-face" data-testid={`face-${meter.number}`} data-state={rowState(command.data, isRead, face)}>
      <div className="setup-face-name">
        <b>{meter.label}</b>
        <small className="muted">
          {meter.number} · {t("setup.readings.address", { address: meter.address })}
        </small>
      </div>
      <div className="setup-face-read">
        <Button onClick={onRead} disabled={isReading} aria-busy={isReading} data-testid="face-read">
          {t(isReading ? "setup.readings.reading" : "setup.readings.read")}
        </Button>
        <small role="status">
          <ReadState command={command.data} />
        </small>
      </div>
      {isRead ? (
        <form className="setup-face-typed" onSubmit={compare}>
          <label htmlFor={`face-${meter.meterId}`}>
            <span className="unseen">{t("setup.readings.typedOf", { label: meter.label })}</span>
            <Input
              id={`face-${meter.meterId}`}
              value={typed}
              inputMode="decimal"
              maxLength={13}
              placeholder={t("setup.readings.typed")}
              suffix={unitOf(meter.kind)}
              onChange={(event) => setTyped(event.target.value)}
              data-testid="face-typed"
            />
          </label>
          <Button type="primary" htmlType="submit" aria-busy={comparing.isPending} data-testid="face-compare">
            {t("setup.readings.compare")}
          </Button>
        </form>
      ) : null}
      {comparing.error ? <FailedLine error={comparing.error} testId="face-problem" /> : null}
      {face === null ? null : <Verdict face={face} kind={meter.kind} />}
    </li>
  );
}

function Verdict({ face, kind }: { face: FaceReading; kind: SetupCandidate["kind"] }) {
  const { t } = useTranslation();
  const isDifferent = face.verdict === "different";
  return (
    <div className="setup-verdict" data-testid="face-verdict" data-verdict={face.verdict}>
      <span className={`tag tag-${isDifferent ? "bad" : "good"}`}>{t(`setup.readings.verdicts.${face.verdict}`)}</span>{" "}
      <span>
        {t("setup.readings.figures", {
          ...{ typed: face.typed, unit: unitOf(kind), at: clockTime(face.readAt), read: units(face.readWh) },
          difference: `${face.differenceWh > 0 ? "+" : ""}${units(face.differenceWh).replace("-", "−")}`,
        })}
      </span>{" "}
      {isDifferent ? <strong>{t(`setup.readings.hints.${face.hint}`)}</strong> : null}{" "}
      <small className="muted">{t("setup.readings.by", { name: face.by, at: dateTime(face.typedAt) })}</small>
    </div>
  );
}

/** How far the reading is, in a few words. */
function ReadState({ command }: { command: Command | undefined }) {
  const { t } = useTranslation();
  if (command === undefined) return null;
  if (!isCommandDone(command)) return command.reachable ? null : t("setup.readings.unreachable");
  if (command.state === "confirmed") return t("setup.readings.readDone", { at: clockTime(command.doneAt ?? 0) });
  return t("setup.readings.readFailed", { why: reasonText(command.stateReason) });
}

function rowState(command: Command | undefined, isRead: boolean, face: FaceReading | null): string {
  if (isRead) return "read";
  if (command !== undefined && !isCommandDone(command)) return "reading";
  if (command !== undefined && command.state !== "confirmed") return "failed";
  return face === null ? "waiting" : "compared";
}
