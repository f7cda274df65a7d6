import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { SetupView } from "#contract/setup.ts";
import { postDemo } from "#web/shared/api-setup.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";

/** On an empty installation: one click to a simulated town (模拟小镇), after a question. */
export function DemoOffer() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const enrolling = useMutation({
    mutationFn: postDemo,
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <details className="panel setup-demo" data-testid="setup-demo">
      <summary>{t("setup.demo.title")}</summary>
      <p className="muted">{t("setup.demo.lead")}</p>
      <Button onClick={() => setAsking(true)} data-testid="setup-demo-open">
        {t("setup.demo.button")}
      </Button>
      {asking ? (
        <Dialog title={t("setup.demo.confirmTitle")} onClose={() => setAsking(false)} testId="setup-demo-dialog">
          <p className="dialog-lead">{t("setup.demo.confirmLead")}</p>
          {enrolling.error ? <FailedLine error={enrolling.error} testId="setup-demo-problem" /> : null}
          <div className="dialog-buttons">
            <Button onClick={() => setAsking(false)} data-autofocus="">
              {t("setup.demo.back")}
            </Button>
            <Button
              danger
              onClick={() => enrolling.isPending || enrolling.mutate()}
              aria-busy={enrolling.isPending}
              data-testid="setup-demo-confirm"
            >
              {t("setup.demo.confirm")}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </details>
  );
}

/** What plays the simulated town; the page sees it by its concentrators alone. */
const COMMAND = "jichao simulator";

/** Where the simulated town is: whether anything plays it, and what to do when nothing does. */
export function DemoTown({ view }: { view: SetupView }) {
  const { t } = useTranslation();
  const online = view.concentrators.filter((each) => each.online).length;
  const figures = { online, total: view.concentratorCount };
  return (
    <div
      className={`banner ${online > 0 ? "banner-good" : "banner-warn"} setup-town`}
      role="status"
      data-testid="setup-town"
      data-state={online > 0 ? "running" : "stopped"}
    >
      <strong>{t("setup.demo.here")}</strong>{" "}
      {online > 0 ? t("setup.demo.running", figures) : t("setup.demo.notRunning")}
      {online > 0 ? null : (
        <code className="key-shown" data-testid="setup-command">
          {COMMAND}
        </code>
      )}
    </div>
  );
}
