import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useContext, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Roles, RoleView } from "#contract/people.ts";
import { ADMIN_ROLE, type Permission } from "#domain/permission.ts";
import { getRoles, peopleKeys } from "#web/shared/api-people.ts";
import { MeContext } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { changesOf, type Draft, ticked } from "./matrix-draft.ts";
import { AddRole, RemoveRole, RenameRole, SaveMatrix } from "./role-dialogs.tsx";
import { RoleMatrix } from "./role-matrix.tsx";
import "../reports/reports.css";
import "./people.css";

/** Roles and permissions (角色与权限): the matrix, and making, renaming and removing roles. */
export function RolesPage() {
  const { t } = useTranslation();
  const list = useQuery({ queryKey: peopleKeys.roles, queryFn: getRoles });
  return (
    <main className="page" id="main" tabIndex={-1}>
      {list.data === undefined ? (
        <>
          <h1>{t("people.roleTitle")}</h1>
          {list.error ? <FailedNotice error={list.error} retry={() => void list.refetch()} /> : <Loading rows={12} />}
        </>
      ) : (
        <Editor roles={list.data} />
      )}
    </main>
  );
}

/** What is open over the matrix. */
type Open = { what: "add" | "save" } | { what: "rename" | "remove"; role: RoleView } | null;

function Editor({ roles: { items, editable, asOf } }: { roles: Roles }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const me = useContext(MeContext);
  const [draft, setDraft] = useState<Draft>(new Map());
  const [open, setOpen] = useState<Open>(null);
  const mine: ReadonlySet<Permission> = new Set(me?.permissions ?? []);
  const changes = changesOf(items, draft);
  const count = changes.reduce((sum, { added, removed }) => sum + added.length + removed.length, 0);
  const mayTick = (role: RoleView, permission: Permission) =>
    editable && role.code !== ADMIN_ROLE && mine.has(permission);
  const saved = (answer: Roles): void => {
    client.setQueryData(peopleKeys.roles, answer);
    void client.invalidateQueries({ queryKey: peopleKeys.all });
    setOpen(null);
  };
  return (
    <>
      <div className="page-head">
        <h1>{t("people.roleTitle")}</h1>
        {editable ? (
          <Button onClick={() => setOpen({ what: "add" })} data-testid="role-add">
            {t("people.addRole")}
          </Button>
        ) : null}
      </div>
      <p className="muted">
        {t(editable ? "people.roleLead" : "people.roleReadOnly")} {t("people.asOf", { time: dateTime(asOf) })}
      </p>
      <div className="row-buttons matrix-bar">
        <span aria-live="polite" data-testid="matrix-changes" data-count={count}>
          {count === 0 ? t("people.noChanges") : t("people.changes", { count })}
        </span>
        <Button
          type="primary"
          disabled={count === 0}
          onClick={() => setOpen({ what: "save" })}
          data-testid="matrix-review"
        >
          {t("people.review")}
        </Button>
        <Button disabled={count === 0} onClick={() => setDraft(new Map())} data-testid="matrix-discard">
          {t("people.discard")}
        </Button>
      </div>
      <RoleMatrix
        roles={items}
        draft={draft}
        mayTick={mayTick}
        onTick={(cells, on) => setDraft(ticked(draft, cells, on))}
        onRename={editable ? (role) => setOpen({ what: "rename", role }) : null}
        onRemove={(role) => setOpen({ what: "remove", role })}
      />
      {open === null ? null : open.what === "add" ? (
        <AddRole roles={items} onDone={saved} onClose={() => setOpen(null)} />
      ) : open.what === "rename" ? (
        <RenameRole role={open.role} onDone={saved} onClose={() => setOpen(null)} />
      ) : open.what === "remove" ? (
        <RemoveRole role={open.role} onDone={saved} onClose={() => setOpen(null)} />
      ) : (
        <SaveMatrix
          changes={changes}
          onDone={(answer) => {
            setDraft(new Map());
            saved(answer);
          }}
          onClose={() => {
            setOpen(null);
            // Somebody else may have been first: what is looked at next is the newest.
            void client.invalidateQueries({ queryKey: peopleKeys.roles });
          }}
        />
      )}
    </>
  );
}
