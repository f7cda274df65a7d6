import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { dayOf, instant } from "#base/time.ts";
import type { HvacUnit } from "#contract/shares.ts";
import { getHvacInputs, postHvacUnit, shareKeys } from "#web/shared/api-shares.ts";
import { Can } from "#web/shared/can.tsx";
import { MISSING } from "#web/shared/format.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { hundredths } from "./hundredths.ts";
import { meterIdOf, UnknownMeter } from "./meter-number.ts";

/** The indoor units (内机) of an outdoor one. */
export function UnitList({ outdoorMeterId }: { outdoorMeterId: number }) {
  const { t } = useTranslation();
  const today = dayOf(instant(Date.now()));
  const found = useQuery({
    queryKey: shareKeys.inputs(outdoorMeterId, today),
    queryFn: () => getHvacInputs(outdoorMeterId, today),
  });
  return (
    <section className="panel stack">
      <div className="page-head">
        <h2>{t("shares.units")}</h2>
        <NewUnit />
      </div>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={3} />
        )
      ) : found.data.units.length === 0 ? (
        <p className="empty-line">{t("shares.noUnits")}</p>
      ) : (
        <SheetBox isBare cards>
          <table className="sheet" data-testid="units">
            <thead>
              <tr>
                <th className="first">{t("shares.unitNumber")}</th>
                <th>{t("shares.unitLabel")}</th>
                <th>{t("reports.customer")}</th>
                <th className="num">{t("shares.unitRated")}</th>
              </tr>
            </thead>
            <tbody>
              {found.data.units.map((unit) => (
                <Unit key={unit.unitId} unit={unit} />
              ))}
            </tbody>
          </table>
        </SheetBox>
      )}
    </section>
  );
}

function Unit({ unit }: { unit: HvacUnit }) {
  const { t } = useTranslation();
  return (
    <tr data-testid={`unit-${unit.number}`}>
      <th scope="row" className="first">
        {unit.number}
      </th>
      <td>
        {unit.label} {unit.disabled ? <span className="tag">{t("shares.unitDisabled")}</span> : null}
      </td>
      <td>{unit.customer ?? MISSING}</td>
      <td className="num">{unit.ratedW}</td>
    </tr>
  );
}

/** The button that registers an indoor unit; only for whom it is meant. */
export function NewUnit() {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <Can do="share.manage">
      <Button onClick={() => setOpen(true)} data-testid="unit-new">
        {t("shares.newUnit")}
      </Button>
      {isOpen ? <UnitDialog onClose={() => setOpen(false)} /> : null}
    </Can>
  );
}

const fields = [
  ["number", "shares.unitNumber"],
  ["label", "shares.unitLabel"],
  ["outdoor", "shares.unitOutdoor"],
  ["payer", "shares.unitPayer"],
  ["rated", "shares.unitRated"],
  ["area", "shares.unitArea"],
  ["own", "shares.unitOwn"],
  ["reason", "shares.reason"],
] as const;
type Field = (typeof fields)[number][0];

function UnitDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [typedIn, setTyped] = useState<Record<Field, string>>({
    ...{ number: "", label: "", outdoor: "", payer: "", rated: "", area: "0", own: "", reason: "" },
  });
  const [tried, setTried] = useState(false);
  const text = (field: Field) => typedIn[field].trim();
  const ratedW = /^\d{1,7}$/.test(text("rated")) ? Number(text("rated")) : null;
  const areaCm = hundredths(text("area"));
  const isReady =
    ratedW !== null &&
    areaCm !== null &&
    ["number", "label", "outdoor", "reason"].every((f) => text(f as Field) !== "");
  const save = useMutation({
    mutationFn: async () => {
      const idOf = (field: Field) => (text(field) === "" ? null : meterIdOf(text(field)));
      await postHvacUnit({
        ...{ unitId: null, version: 0, disabled: false },
        ...{ number: text("number"), label: text("label"), reason: text("reason") },
        ...{ outdoorMeterId: await meterIdOf(text("outdoor")), payerMeterId: await idOf("payer") },
        ...{ ownMeterId: await idOf("own"), ratedW: ratedW ?? 0, areaCm: areaCm ?? 0 },
      });
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: shareKeys.all });
      onClose();
    },
  });
  return (
    <Dialog title={t("shares.newUnit")} onClose={onClose} testId="unit-dialog">
      {fields.map(([field, name]) => (
        <label key={field} className="field" htmlFor={`unit-${field}`}>
          <span>{t(name)}</span>
          <Input
            id={`unit-${field}`}
            value={typedIn[field]}
            maxLength={200}
            onChange={(event) => setTyped({ ...typedIn, [field]: event.target.value })}
            data-testid={`unit-field-${field}`}
          />
        </label>
      ))}
      <span className="field-problem" role="alert">
        {tried && !isReady ? t(text("reason") === "" ? "shares.reasonMissing" : "shares.invalidNumber") : ""}
      </span>
      {save.error instanceof UnknownMeter ? (
        <p className="banner banner-error" role="alert">
          {t("shares.boxUnknown", { number: save.error.number })}
        </p>
      ) : save.error ? (
        <FailedLine error={save.error} testId="unit-problem" />
      ) : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="">
          {t("shares.cancel")}
        </Button>
        <Button
          type="primary"
          onClick={() => {
            setTried(true);
            if (isReady && !save.isPending) save.mutate();
          }}
          aria-busy={save.isPending}
          data-testid="unit-save"
        >
          {t("shares.saveUnit")}
        </Button>
      </div>
    </Dialog>
  );
}
