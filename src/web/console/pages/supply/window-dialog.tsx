import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { NoCutWindowView } from "#contract/supply.ts";
import { type DayKind, dayKinds } from "#domain/calendar.ts";
import { getAreas } from "#web/shared/api-desk.ts";
import { postWindow } from "#web/shared/api-supply.ts";
import { Dialog } from "../../dialog.tsx";
import { MeterSearch } from "../../meter-search.tsx";
import { FailedLine } from "../../notice.tsx";
import { clock, minuteOf } from "../prices/clock-text.ts";

type Place = { scope: "project" | "area" | "meter"; refId: number; place: string };
type WindowProps = { window: NoCutWindowView | null; onDone: () => void; onClose: () => void };

/** Adds or changes times in which nobody is cut off. */
export function WindowDialog({ window, onDone, onClose }: WindowProps) {
  const { t } = useTranslation();
  const [place, setPlace] = useState<Place | null>(window);
  const [name, setName] = useState(window?.name ?? t("supply.night"));
  const [days, setDays] = useState<readonly DayKind[]>(window?.days ?? dayKinds);
  const [from, setFrom] = useState(clock(window?.fromMinute ?? 17 * 60));
  const [to, setTo] = useState(clock(window?.toMinute ?? 8 * 60 + 30));
  const [tried, setTried] = useState(false);
  const [fromMinute, toMinute] = [minuteOf(from), minuteOf(to)];
  const isReady = place !== null && fromMinute !== null && toMinute !== null && name.trim() !== "";
  const save = useMutation({
    mutationFn: async () => {
      if (place === null || fromMinute === null || toMinute === null) return;
      const { scope, refId } = place;
      const own = window === null ? {} : { id: window.id, rev: window.rev };
      await postWindow({ ...own, scope, refId, name: name.trim(), days: [...days], fromMinute, toMinute });
    },
    onSuccess: onDone,
  });
  const send = (): void => {
    setTried(true);
    if (isReady && !save.isPending) save.mutate();
  };
  return (
    <Dialog
      title={t(window === null ? "supply.newWindow" : "supply.editWindow")}
      onClose={onClose}
      testId="window-dialog"
    >
      <PlaceChoice place={place} onChange={setPlace} />
      <label className="field" htmlFor="window-name">
        <span>{t("prices.name")}</span>
        <Input
          id="window-name"
          value={name}
          maxLength={40}
          onChange={(event) => setName(event.target.value)}
          data-testid="window-name"
        />
      </label>
      <Checkbox.Group
        value={[...days]}
        onChange={(next) => setDays(dayKinds.filter((kind) => next.includes(kind)))}
        options={dayKinds.map((kind) => ({ value: kind, label: t(`prices.day.${kind}`) }))}
        aria-label={t("supply.days")}
      />
      <div className="when-row">
        <Input
          value={from}
          aria-label={t("supply.from")}
          onChange={(event) => setFrom(event.target.value)}
          data-testid="window-from"
        />
        <span>{t("prices.until")}</span>
        <Input
          value={to}
          aria-label={t("supply.to")}
          onChange={(event) => setTo(event.target.value)}
          data-testid="window-to"
        />
        <Button
          onClick={() => {
            setFrom("00:00");
            setTo("24:00");
          }}
        >
          {t("supply.wholeDay")}
        </Button>
      </div>
      <span className="field-problem" role="alert">
        {tried && !isReady ? t("supply.windowMissing") : ""}
      </span>
      {save.error ? <FailedLine error={save.error} testId="window-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="">
          {t("prices.cancel")}
        </Button>
        <Button type="primary" onClick={send} aria-busy={save.isPending} data-testid="window-save">
          {t("supply.save")}
        </Button>
      </div>
    </Dialog>
  );
}

/** An area of mine, or one meter. */
function PlaceChoice({ place, onChange }: { place: Place | null; onChange: (place: Place) => void }) {
  const { t } = useTranslation();
  const { data: areas } = useQuery({ queryKey: ["areas"], queryFn: getAreas });
  const [byMeter, setByMeter] = useState(place?.scope === "meter");
  return (
    <>
      <Checkbox checked={byMeter} onChange={(event) => setByMeter(event.target.checked)}>
        {t("supply.oneMeter")}
      </Checkbox>
      {place === null ? null : <p className="muted">{t("supply.chosenPlace", { place: place.place })}</p>}
      {byMeter ? (
        <MeterSearch onChoose={(hit) => onChange({ scope: "meter", refId: hit.meterId, place: hit.label })} />
      ) : (
        <Select
          value={place?.scope === "area" ? place.refId : null}
          aria-label={t("prices.area")}
          placeholder={t("prices.area")}
          onChange={(refId: number) => {
            const area = areas?.items.find((each) => each.areaId === refId);
            onChange({ scope: "area", refId, place: area?.name ?? "" });
          }}
          options={(areas?.items ?? []).map((each) => ({ value: each.areaId, label: each.name }))}
          data-testid="window-area"
        />
      )}
    </>
  );
}
