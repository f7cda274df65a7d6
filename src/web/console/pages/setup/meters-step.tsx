import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import type { SetupView } from "#contract/setup.ts";
import { setupKey } from "#web/shared/api-setup.ts";
import { ExportButton } from "../../export-button.tsx";
import { OneImport } from "../imports/import.tsx";
import { UploadFile } from "../imports/upload-file.tsx";
import { StepLink } from "./step-link.tsx";

/** Step 3: meters and customers by a file; the import of the page of imports, here in place. */
export function MetersStep({ view, onConcentrators }: { view: SetupView; onConcentrators: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const projectId = view.project?.id ?? 0;
  return (
    <div className="setup-parts">
      <p className="muted">{t("setup.meters.lead")}</p>
      <p data-testid="setup-meters-now">{t("setup.meters.now", { count: view.meters, heard: view.heard })}</p>
      {view.concentratorCount === 0 ? (
        <p className="banner banner-warn">
          {t("setup.meters.noConcentrator")}{" "}
          <Button size="small" onClick={onConcentrators}>
            {t("setup.meters.toConcentrators")}
          </Button>
        </p>
      ) : null}
      <h3>{t("setup.meters.download")}</h3>
      <p className="muted">{t("setup.meters.downloadLead")}</p>
      <div className="row-buttons">
        {projectId === 0 ? null : (
          <ExportButton
            path={`/api/imports/archive?projectId=${projectId}`}
            testId="setup-file"
            label={t("setup.meters.file")}
          />
        )}
        <ExportButton path="/api/imports/template" testId="setup-template" label={t("setup.meters.example")} />
      </div>
      <h3>{t("setup.meters.upload")}</h3>
      <div>
        <UploadFile projectId={projectId} onMade={() => void client.invalidateQueries({ queryKey: setupKey })} />
      </div>
      {view.import === null ? null : (
        <>
          <div className="setup-title">
            <h3>{t("setup.meters.newest")}</h3>
            <StepLink to="/imports" step="meters">
              {t("setup.meters.all")}
            </StepLink>
          </div>
          <div>
            <OneImport key={view.import.id} importId={view.import.id} />
          </div>
        </>
      )}
    </div>
  );
}
