import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConcentratorMade } from "#contract/collection.ts";
import { linkKinds } from "#domain/link.ts";
import { collectionKeys, getCollectionPlaces, postConcentrator } from "#web/shared/api-collection.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { ChoiceField, FormDialog, TextField } from "./form-dialog.tsx";

/** Enters a new concentrator; a key that was made for it is shown once. */
export function AddConcentrator({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [key] = useState(newKey);
  const [code, setCode] = useState("");
  const [name, setName] = useState("");
  const [areaId, setAreaId] = useState("");
  const [kind, setKind] = useState("jichao");
  const [linkKey, setLinkKey] = useState("");
  const [made, setMade] = useState<ConcentratorMade | null>(null);
  const { data: places } = useQuery({ queryKey: collectionKeys.places, queryFn: getCollectionPlaces });
  const areas = places?.areas ?? [];
  if (made !== null && made.linkKey !== null) {
    return <KeyShown made={{ code: made.code, linkKey: made.linkKey }} onClose={onClose} />;
  }
  return (
    <FormDialog
      title={t("concentrators.addTitle")}
      testId="new-concentrator"
      act={async () => {
        const answer = await postConcentrator({
          key,
          areaId: Number(areaId === "" ? (areas[0]?.id ?? 0) : areaId),
          code,
          name,
          linkKind: linkKinds.find((each) => each === kind) ?? "jichao",
          linkKey: linkKey === "" || kind !== "jichao" ? null : linkKey,
        });
        setMade(answer);
        if (answer.linkKey === null) onClose();
      }}
      showsMade
      onClose={onClose}
    >
      <TextField id="new-concentrator-code" label={t("concentrators.code")} value={code} onChange={setCode} />
      <TextField id="new-concentrator-name" label={t("concentrators.name")} value={name} onChange={setName} />
      <ChoiceField
        id="new-concentrator-area"
        label={t("concentrators.area")}
        value={areaId}
        options={areas.map((each) => ({ value: String(each.id), label: each.name }))}
        onChange={setAreaId}
      />
      <ChoiceField
        id="new-concentrator-link"
        label={t("concentrators.link")}
        value={kind}
        options={linkKinds.map((value) => ({ value, label: t(`concentrators.links.${value}`) }))}
        onChange={setKind}
      />
      {kind === "jichao" ? (
        <TextField id="new-concentrator-key" label={t("concentrators.linkKey")} value={linkKey} onChange={setLinkKey} />
      ) : null}
    </FormDialog>
  );
}

/** A link key, the only time that it is shown. It goes away by the button alone. */
export function KeyShown({ made, onClose }: { made: { code: string; linkKey: string }; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("concentrators.keyTitle")} testId="link-key-dialog">
      <p className="dialog-lead">{t("concentrators.keyLead", { code: made.code })}</p>
      <code className="key-shown" data-testid="link-key">
        {made.linkKey}
      </code>
      <div className="dialog-buttons">
        <Button type="primary" onClick={onClose} data-autofocus="" data-testid="link-key-done">
          {t("concentrators.keyDone")}
        </Button>
      </div>
    </Dialog>
  );
}
