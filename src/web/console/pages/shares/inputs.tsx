import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addDays, dayOf, instant } from "#base/time.ts";
import type { HvacInputs } from "#contract/shares.ts";
import { getHvacInputs, postHvacInputs, shareKeys } from "#web/shared/api-shares.ts";
import { useCan } from "#web/shared/can.tsx";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { minutesOf, pasted, type TypedMinutes } from "./minutes.ts";

/** Minutes that each indoor unit ran on a day, by speed; typed in or pasted. */
export function InputsCard({ outdoorMeterId }: { outdoorMeterId: number }) {
  const { t } = useTranslation();
  const [day, setDay] = useState<string>(() => addDays(dayOf(instant(Date.now())), -1));
  const found = useQuery({
    queryKey: shareKeys.inputs(outdoorMeterId, day),
    queryFn: () => getHvacInputs(outdoorMeterId, day),
    enabled: day !== "",
  });
  return (
    <section className="panel stack" data-typed="" data-testid="inputs">
      <h2>{t("shares.inputs")}</h2>
      <p className="muted">{t("shares.inputLead")}</p>
      <label className="filter-field" htmlFor="input-day">
        <span>{t("shares.inputDay")}</span>
        <input
          id="input-day"
          type="date"
          value={day}
          onChange={(event) => setDay(event.target.value)}
          data-testid="input-day"
        />
      </label>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={3} />
        )
      ) : found.data.units.every((unit) => unit.disabled) ? (
        <p className="empty-line">{t("shares.noUnits")}</p>
      ) : (
        <Minutes key={day} day={day} units={found.data.units.filter((unit) => !unit.disabled)} />
      )}
    </section>
  );
}

const speeds = ["low", "middle", "high"] as const;

function Minutes({ day, units }: { day: string; units: HvacInputs["units"] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const may = useCan("share.manage");
  const [typed, setTyped] = useState<TypedMinutes>(() => Object.fromEntries(units.map((u) => [u.number, asTyped(u)])));
  const [paste, setPaste] = useState("");
  const [tried, setTried] = useState(false);
  const [source, setSource] = useState<"manual" | "import">("manual");
  const rows = units.map((unit) => ({ unitId: unit.unitId, minutes: minutesOf(typed[unit.number]) }));
  const entered = rows.filter((row) => row.minutes !== null);
  const isWrong = rows.some((row) => row.minutes === undefined);
  const save = useMutation({
    mutationFn: () =>
      postHvacInputs({
        ...{ day, source, reason: "" },
        units: entered.flatMap(({ unitId, minutes }) => (minutes ? [{ unitId, minutes }] : [])),
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: shareKeys.all }),
  });
  return (
    <>
      <SheetBox isBare cards className="inputs-sheet">
        <table className="sheet">
          <thead>
            <tr>
              <th className="first">{t("shares.unitNumber")}</th>
              {speeds.map((speed) => (
                <th key={speed} className="num">
                  {t(`shares.speeds.${speed}`)}
                </th>
              ))}
              <th />
            </tr>
          </thead>
          <tbody>
            {units.map((unit) => (
              <tr key={unit.unitId} data-testid={`input-${unit.number}`}>
                <th scope="row" className="first">
                  {unit.number} {unit.label}
                </th>
                {speeds.map((speed) => (
                  <td key={speed} className="num">
                    <input
                      inputMode="numeric"
                      disabled={!may}
                      aria-label={`${unit.number} ${t(`shares.speeds.${speed}`)}`}
                      value={typed[unit.number]?.[speed] ?? ""}
                      onChange={(event) => {
                        const own = typed[unit.number] ?? { low: "", middle: "", high: "" };
                        setTyped({ ...typed, [unit.number]: { ...own, [speed]: event.target.value } });
                      }}
                      data-testid={`minutes-${speed}`}
                    />
                  </td>
                ))}
                <td>{unit.minutes === null ? t("shares.notEntered") : unit.enteredBy}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </SheetBox>
      {may ? (
        <>
          <label className="field" htmlFor="input-paste">
            <span>{t("shares.paste")}</span>
            <Input.TextArea
              id="input-paste"
              rows={3}
              value={paste}
              onChange={(event) => setPaste(event.target.value)}
              data-testid="input-paste"
            />
          </label>
          <span className="field-problem" role="alert">
            {tried && isWrong ? t("shares.invalidNumber") : ""}
          </span>
          <div className="row-buttons">
            <Button
              onClick={() => {
                setTyped({ ...typed, ...pasted(paste) });
                setSource("import");
              }}
              data-testid="input-fill"
            >
              {t("shares.pasteFill")}
            </Button>
            <Button
              type="primary"
              onClick={() => {
                setTried(true);
                if (!isWrong && entered.length > 0 && !save.isPending) save.mutate();
              }}
              aria-busy={save.isPending}
              data-testid="input-save"
            >
              {t("shares.saveInputs")}
            </Button>
          </div>
          {save.data ? (
            <p role="status" data-testid="inputs-saved">
              {t("shares.inputsSaved", { count: save.data.changed })}
            </p>
          ) : null}
          {save.error ? <FailedLine error={save.error} testId="input-problem" /> : null}
        </>
      ) : null}
    </>
  );
}

function asTyped({ minutes }: HvacInputs["units"][number]): TypedMinutes[string] {
  if (minutes === null) return { low: "", middle: "", high: "" };
  return { low: String(minutes.low), middle: String(minutes.middle), high: String(minutes.high) };
}
