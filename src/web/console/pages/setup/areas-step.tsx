import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { SetupView } from "#contract/setup.ts";
import { AREA_TEXT_CHARS_MAX, readAreaLines } from "#domain/area-lines.ts";
import { postSetupAreas, setupKey } from "#web/shared/api-setup.ts";
import { FailedLine } from "../../notice.tsx";
import { ChoiceField, Field } from "../concentrators/form-dialog.tsx";
import { StepLink } from "./step-link.tsx";
import { useLock } from "./use-lock.ts";

/** Mistakes that are shown; the others are counted. */
const FAULTS_SHOWN = 5;

/** Step 2: buildings and floors, typed or pasted from Excel, read while one types. */
export function AreasStep({ view }: { view: SetupView }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const [top, setTop] = useState("");
  const topId = Number(top) || (view.tops[0]?.areaId ?? 0);
  const read = readAreaLines(text);
  const lock = useLock();
  const adding = useMutation({
    mutationFn: () => postSetupAreas({ topId, text }),
    onSettled: lock.free,
    onSuccess: async () => {
      setText("");
      await client.invalidateQueries({ queryKey: setupKey });
    },
  });
  const isReady = read.lines > 0 && read.faults.length === 0 && topId > 0;
  const add = (event: SubmitEvent): void => {
    event.preventDefault();
    if (isReady && lock.take()) adding.mutate();
  };
  return (
    <form className="archive-form setup-form" onSubmit={add}>
      <p className="muted">{t("setup.areas.lead")}</p>
      <p>
        <span data-testid="setup-areas-now">{t("setup.areas.now", { count: view.areas })}</span>{" "}
        {view.areas > 0 ? (
          <StepLink to="/areas" step="areas">
            {t("setup.areas.see")}
          </StepLink>
        ) : null}
      </p>
      {view.tops.length > 1 ? (
        <ChoiceField
          id="setup-top"
          label={t("setup.areas.below")}
          value={String(topId)}
          options={view.tops.map(({ areaId, name }) => ({ value: String(areaId), label: name }))}
          onChange={setTop}
        />
      ) : null}
      <Field id="setup-lines" label={t("setup.areas.text")}>
        <Input.TextArea
          id="setup-lines"
          value={text}
          rows={8}
          maxLength={AREA_TEXT_CHARS_MAX}
          placeholder={t("setup.areas.placeholder")}
          onChange={(event) => {
            setText(event.target.value);
            adding.reset();
          }}
          data-testid="setup-lines"
        />
      </Field>
      <div role="status">
        {read.lines === 0 ? null : (
          <p className="muted" data-testid="setup-lines-read">
            {t("setup.areas.preview", { lines: read.lines - read.faults.length, areas: read.areas.length })}
          </p>
        )}
        <ul className="setup-faults" data-testid="setup-lines-faults">
          {read.faults.slice(0, FAULTS_SHOWN).map((fault) => (
            <li key={fault.line}>
              {t(`setup.areas.faults.${fault.why}`, { line: fault.line })} <q>{fault.text}</q>
            </li>
          ))}
          {read.faults.length > FAULTS_SHOWN ? (
            <li>{t("setup.areas.more", { count: read.faults.length - FAULTS_SHOWN })}</li>
          ) : null}
        </ul>
        {adding.data ? (
          <p className="banner banner-good" data-testid="setup-areas-added">
            {t("setup.areas.added", adding.data)}
          </p>
        ) : null}
      </div>
      {adding.error ? <FailedLine error={adding.error} testId="setup-areas-problem" /> : null}
      <div className="row-buttons">
        <Button
          type="primary"
          htmlType="submit"
          disabled={!isReady}
          aria-busy={adding.isPending}
          data-testid="setup-areas-add"
        >
          {t("setup.areas.add")}
        </Button>
      </div>
    </form>
  );
}
