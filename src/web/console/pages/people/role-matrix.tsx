import { type KeyboardEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { RoleView } from "#contract/people.ts";
import type { Permission } from "#domain/permission.ts";
import { permissionGroups } from "#domain/permission-names.ts";
import { inLanguage } from "#web/shared/i18n.ts";
import { SheetBox } from "../../sheet-box.tsx";
import { type Draft, isTicked, rowOrder } from "./matrix-draft.ts";
import { permissionName, roleTitle } from "./names.ts";
import { Tick } from "./scope-tree.tsx";

type Cell = { role: RoleView; permission: Permission };
type MatrixProps = {
  roles: readonly RoleView[];
  draft: Draft;
  mayTick: (role: RoleView, permission: Permission) => boolean;
  onTick: (cells: readonly Cell[], on: boolean) => void;
  onRename: ((role: RoleView) => void) | null;
  onRemove: (role: RoleView) => void;
};

const steps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Rows are functions, columns roles; heads stay in sight. A head ticks its whole row or column, arrows go from cell to cell. */
export function RoleMatrix(props: MatrixProps) {
  const { t } = useTranslation();
  const table = useRef<HTMLTableElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = steps[event.key];
    const { row, column } = event.target instanceof HTMLElement ? event.target.dataset : {};
    if (step === undefined || row === undefined || column === undefined) return;
    event.preventDefault();
    const next = `[data-row="${Number(row) + step[0]}"][data-column="${Number(column) + step[1]}"]`;
    table.current?.querySelector<HTMLElement>(next)?.focus();
  };
  return (
    <SheetBox className="matrix" label={t("people.roleTitle")}>
      <table className="sheet" ref={table} onKeyDown={onKeyDown} data-testid="role-matrix">
        <thead>
          <tr>
            <th className="first" scope="col">
              {t("people.function")}
            </th>
            {props.roles.map((role) => (
              <RoleHead key={role.roleId} role={role} {...props} />
            ))}
          </tr>
        </thead>
        {permissionGroups.map((group) => (
          <tbody key={group.code}>
            <tr className="matrix-group">
              <th className="first" scope="rowgroup">
                {inLanguage(group.name)}
              </th>
              <td colSpan={props.roles.length} />
            </tr>
            {group.permissions.map((permission) => (
              <Row key={permission} permission={permission} {...props} />
            ))}
          </tbody>
        ))}
      </table>
    </SheetBox>
  );
}

function RoleHead({ role, onRename, onRemove, ...props }: MatrixProps & { role: RoleView }) {
  const { t } = useTranslation();
  const name = roleTitle(role);
  const cells = rowOrder.filter((each) => props.mayTick(role, each)).map((permission) => ({ role, permission }));
  return (
    <th scope="col" data-testid={`role-${role.code}`}>
      <span className="role-name">{name}</span>
      <small>{t("people.roleUsers", { count: role.users })}</small>
      {role.fixed ? (
        <small>{t("people.fixed")}</small>
      ) : (
        <span className="role-tools">
          <Whole cells={cells} label={t("people.wholeColumn", { name })} testId={`column-${role.code}`} {...props} />
          {onRename === null ? null : (
            <>
              <button
                type="button"
                className="text-button"
                onClick={() => onRename(role)}
                aria-label={`${t("people.rename")} ${name}`}
                data-testid={`rename-${role.code}`}
              >
                {t("people.rename")}
              </button>
              <button
                type="button"
                className="text-button"
                disabled={role.users > 0}
                onClick={() => onRemove(role)}
                title={role.users > 0 ? t("people.inUse", { count: role.users }) : undefined}
                aria-label={`${t("people.remove")} ${name}`}
                data-testid={`remove-${role.code}`}
              >
                {t("people.remove")}
              </button>
            </>
          )}
        </span>
      )}
    </th>
  );
}

function Row({ permission, ...props }: Omit<MatrixProps, "onRename" | "onRemove"> & { permission: Permission }) {
  const { t } = useTranslation();
  const name = permissionName(permission);
  const cells = props.roles.filter((role) => props.mayTick(role, permission)).map((role) => ({ role, permission }));
  return (
    <tr>
      <th className="first" scope="row">
        <span className="matrix-row-head">
          <Whole cells={cells} label={t("people.wholeRow", { name })} testId={`row-${permission}`} {...props} />
          {name}
        </span>
      </th>
      {props.roles.map((role, column) => {
        const isOn = isTicked(role, permission, props.draft);
        return (
          <td key={role.roleId} className={isOn === role.permissions.includes(permission) ? "" : "matrix-changed"}>
            <input
              type="checkbox"
              checked={isOn}
              disabled={!props.mayTick(role, permission)}
              aria-label={t("people.cell", { role: roleTitle(role), permission: name })}
              onChange={() => props.onTick([{ role, permission }], !isOn)}
              data-testid={`cell-${role.code}-${permission}`}
              data-row={rowOrder.indexOf(permission)}
              data-column={column}
            />
          </td>
        );
      })}
    </tr>
  );
}

type WholeProps = {
  cells: readonly Cell[];
  label: string;
  testId: string;
  draft: Draft;
  onTick: MatrixProps["onTick"];
};

function Whole({ cells, label, testId, draft, onTick }: WholeProps) {
  const on = cells.filter(({ role, permission }) => isTicked(role, permission, draft)).length;
  return (
    <Tick
      mark={on === 0 ? "off" : on === cells.length ? "on" : "half"}
      disabled={cells.length === 0}
      label={label}
      testId={testId}
      onChange={() => onTick(cells, on < cells.length)}
    />
  );
}
