import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Command } from "#contract/metering.ts";
import { getCommand } from "#web/shared/api.ts";
import { clockTime } from "#web/shared/format.ts";
import { reasonText } from "#web/shared/i18n.ts";
import { isCommandDone, keys } from "#web/shared/live-cache.ts";
import { Icon } from "../../icons.tsx";
import { type Step, Steps } from "../../steps.tsx";

/** Asked for beside the live events, in case one of them is missed. */
const POLL_MS = 2_000;

/** How a command is going, until the meter has confirmed it or it has failed. */
export function CommandProgress({ id, onDismiss }: { id: string; onDismiss: () => void }) {
  const { t } = useTranslation();
  const { data: command } = useQuery({
    queryKey: keys.command(id),
    queryFn: () => getCommand(id),
    refetchInterval: ({ state }) => (state.data && isCommandDone(state.data) ? false : POLL_MS),
  });
  if (command === undefined) return null;
  const done = isCommandDone(command);
  const why = command.stateReason === "" ? "" : reasonText(command.stateReason);
  const now =
    command.kind === "read" && command.state === "confirmed"
      ? t("command.readDone")
      : command.state === "waiting" && !command.reachable
        ? t("command.waitingOffline")
        : t(`command.state.${command.state}`);
  return (
    <section
      className={`progress progress-${!done ? "doing" : command.state === "confirmed" ? "good" : "bad"}`}
      aria-label={t(`command.progress.${command.kind}`)}
      data-testid="command-progress"
      data-state={command.state}
    >
      <div className="progress-head">
        <strong role="status">
          {t("command.now", { what: t(`command.progress.${command.kind}`), now })}
          {why === "" ? "" : ` · ${why}`}
          {command.attempts > 1 && !done ? ` · ${t("command.attempts", { count: command.attempts })}` : ""}
        </strong>
        {done ? (
          <button type="button" className="icon-button" aria-label={t("command.dismiss")} onClick={onDismiss}>
            <Icon name="close" />
          </button>
        ) : null}
      </div>
      <Steps steps={stepsOf(command)} />
    </section>
  );

  function stepsOf({ state, createdAt, sentAt, doneAt }: Command): Step[] {
    const sent = sentAt !== null || state === "confirmed"; // a reading changes nothing, so nobody notes when it was sent
    const end = state === "confirmed" ? "done" : done ? "failed" : sent ? "doing" : "waiting";
    return [
      { name: t("command.steps.waiting"), state: sent || done ? "done" : "doing", time: clockTime(createdAt) },
      {
        name: t("command.steps.sent"),
        state: sent ? "done" : done ? "failed" : "waiting",
        time: sentAt === null ? "" : clockTime(sentAt),
      },
      { name: t("command.steps.done"), state: end, time: doneAt === null ? "" : clockTime(doneAt) },
    ];
  }
}
