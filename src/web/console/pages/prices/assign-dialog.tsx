import { Input, Segmented, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { PriceChange, Selection, Tariff } from "#contract/prices.ts";
import { ChangeDialog } from "./change-dialog.tsx";
import { TermsView } from "./terms-view.tsx";

type AssignProps = {
  title: string;
  meters: Selection;
  kind: "electricity" | "water";
  tariffs: readonly Tariff[];
  onDone: (change: PriceChange) => void;
  onClose: () => void;
};

/** Gives meters a flat price of their own, or a tariff. */
export function AssignDialog({ title, meters, kind, tariffs, onDone, onClose }: AssignProps) {
  const { t } = useTranslation();
  const [by, setBy] = useState<"price" | "tariff">("price");
  const [price, setPrice] = useState("");
  const priced = tariffs.filter((tariff) => tariff.versions.length > 0);
  const [tariffId, setTariffId] = useState<number | null>(priced[0]?.id ?? null);
  const tariff = priced.find((each) => each.id === tariffId);
  const terms = tariff?.versions.at(-1)?.terms;
  const chosenTariff = by === "tariff" ? tariffId : null;
  return (
    <ChangeDialog
      title={title}
      kind={tariff !== undefined && by === "tariff" ? tariff.kind : kind}
      what={{ kind: "assignment", meters, tariffId: chosenTariff, price: chosenTariff === null ? price.trim() : null }}
      onDone={onDone}
      onClose={onClose}
    >
      <Segmented
        value={by}
        onChange={(next: "price" | "tariff") => setBy(next)}
        options={(["price", "tariff"] as const).map((each) => ({
          value: each,
          label: t(`prices.by.${each}`),
          disabled: each === "tariff" && priced.length === 0,
        }))}
        aria-label={t("prices.byLabel")}
        data-testid="assign-by"
      />
      {by === "price" ? (
        <label className="field" htmlFor="assign-price">
          <span>{`${t("prices.newPrice")} (${t("unit.yuan")}/${t(`unit.${kind}`)})`}</span>
          <Input
            id="assign-price"
            inputMode="decimal"
            value={price}
            onChange={(event) => setPrice(event.target.value)}
            data-testid="assign-price"
          />
        </label>
      ) : (
        <>
          <Select
            value={tariffId}
            aria-label={t("prices.tariff")}
            onChange={setTariffId}
            options={priced.map((each) => ({ value: each.id, label: `${each.name} · ${t(`kind.${each.kind}`)}` }))}
            data-testid="assign-tariff"
          />
          {terms === undefined || tariff === undefined ? null : <TermsView terms={terms} kind={tariff.kind} />}
        </>
      )}
    </ChangeDialog>
  );
}
