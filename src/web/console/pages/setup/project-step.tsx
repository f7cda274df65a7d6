import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { SetupView } from "#contract/setup.ts";
import { refusalCode } from "#web/shared/api.ts";
import { postSetupProject, setupKey } from "#web/shared/api-setup.ts";
import { dateTime } from "#web/shared/format.ts";
import { FailedLine } from "../../notice.tsx";
import { Field } from "../concentrators/form-dialog.tsx";

/** Step 1: the project, and what a unit usually costs in it. */
export function ProjectStep({ view }: { view: SetupView }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { project } = view;
  // What was typed stays when somebody else saves meanwhile; `seen` is what it was typed over.
  const [seen, setSeen] = useState(project);
  const [name, setName] = useState(project?.name ?? "");
  const [electricityPrice, setElectricity] = useState(project?.electricityPrice ?? "");
  const [waterPrice, setWater] = useState(project?.waterPrice ?? "");
  const saving = useMutation({
    mutationFn: () =>
      postSetupProject({
        name: name.trim(),
        electricityPrice: electricityPrice.trim(),
        waterPrice: waterPrice.trim(),
        version: seen?.version ?? 0,
      }),
    onSuccess: (answer) => {
      client.setQueryData(setupKey, answer);
      setSeen(answer.project);
    },
    onError: async (error) => {
      if (refusalCode(error) !== "setup_changed") return;
      await client.invalidateQueries({ queryKey: setupKey });
      setSeen(client.getQueryData<SetupView>(setupKey)?.project ?? null);
    },
  });
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!saving.isPending) saving.mutate();
  };
  const isElsewhere = project !== null && project.version !== (seen?.version ?? 0) && !saving.isPending;
  const isFixed = project !== null && view.meters > 0;
  return (
    <form className="archive-form setup-form" onSubmit={save}>
      <p className="muted">{t("setup.project.lead")}</p>
      <Field id="setup-name" label={t("setup.project.name")}>
        <Input
          id="setup-name"
          value={name}
          maxLength={50}
          disabled={isFixed}
          required
          onChange={(event) => setName(event.target.value)}
          data-testid="setup-name"
        />
        {isFixed ? <small className="muted">{t("setup.project.nameFixed")}</small> : null}
      </Field>
      <PriceField
        id="setup-electricity"
        label={t("setup.project.electricity")}
        value={electricityPrice}
        onChange={setElectricity}
      />
      <PriceField id="setup-water" label={t("setup.project.water")} value={waterPrice} onChange={setWater} />
      {isElsewhere || refusalCode(saving.error) === "setup_changed" ? (
        <p className="banner banner-warn" role="alert" data-testid="setup-elsewhere">
          {t("setup.elsewhere")}{" "}
          {project ? [project.name, project.electricityPrice, project.waterPrice].filter(Boolean).join(" · ") : ""}
        </p>
      ) : null}
      {saving.error && refusalCode(saving.error) !== "setup_changed" ? (
        <FailedLine error={saving.error} testId="setup-project-problem" />
      ) : null}
      <div className="row-buttons">
        <Button type="primary" htmlType="submit" aria-busy={saving.isPending} data-testid="setup-save">
          {t("setup.save")}
        </Button>
        {project !== null && project.updatedAt > 0 ? (
          <small className="muted" role="status" data-testid="setup-saved">
            {t("setup.project.savedBy", { name: project.updatedBy, at: dateTime(project.updatedAt) })}
          </small>
        ) : null}
      </div>
    </form>
  );
}

type PriceProps = { id: string; label: string; value: string; onChange: (value: string) => void };

function PriceField({ id, label, value, onChange }: PriceProps) {
  return (
    <Field id={id} label={label}>
      <Input
        id={id}
        className="setup-price"
        value={value}
        inputMode="decimal"
        maxLength={12}
        onChange={(event) => onChange(event.target.value)}
        data-testid={id}
      />
    </Field>
  );
}
