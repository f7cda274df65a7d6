import { Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Roles, RoleView } from "#contract/people.ts";
import { postRole, postRoleMatrix, postRoleName, postRoleRemoval } from "#web/shared/api-people.ts";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { type changesOf, matrixOf } from "./matrix-draft.ts";
import { permissionName, roleTitle } from "./names.ts";

type Ends = { onDone: (roles: Roles) => void; onClose: () => void };

/** What a reason dialog about roles always says; the answer of the server is handed on when it is done. */
function useRoleDialog({ onDone, onClose }: Ends, act: (reason: string) => Promise<Roles>) {
  const { t } = useTranslation();
  const [answer] = useState<{ roles?: Roles }>({});
  return {
    label: t("people.reason"),
    missingText: t("people.reasonMissing"),
    cancelText: t("people.cancel"),
    testId: "role",
    act: async (reason: string) => {
      answer.roles = await act(reason);
    },
    onDone: () => {
      if (answer.roles !== undefined) onDone(answer.roles);
    },
    onClose,
  };
}

/** Makes a role. */
export function AddRole({ roles, ...ends }: Ends & { roles: readonly RoleView[] }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [like, setLike] = useState<number | null>(null);
  const dialog = useRoleDialog(ends, (reason) => postRole({ name: name.trim(), like, reason }));
  return (
    <ReasonDialog {...dialog} title={t("people.addRole")} confirmText={t("people.create")}>
      <NameField name={name} onChange={setName} />
      <label className="field" htmlFor="role-like">
        <span>{t("people.roleLike")}</span>
        <Select
          id="role-like"
          value={like}
          onChange={setLike}
          options={[
            { value: null, label: t("people.roleLikeNone") },
            ...roles.map((role) => ({ value: role.roleId, label: roleTitle(role) })),
          ]}
        />
      </label>
    </ReasonDialog>
  );
}

/** Renames a role. */
export function RenameRole({ role, ...ends }: Ends & { role: RoleView }) {
  const { t } = useTranslation();
  const [name, setName] = useState(role.name);
  const { roleId, version } = role;
  const dialog = useRoleDialog(ends, (reason) => postRoleName({ roleId, version, name: name.trim(), reason }));
  return (
    <ReasonDialog
      {...dialog}
      title={t("people.renameTitle", { name: roleTitle(role) })}
      confirmText={t("people.rename")}
    >
      <NameField name={name} onChange={setName} />
    </ReasonDialog>
  );
}

/** Removes a role that nobody has. */
export function RemoveRole({ role, ...ends }: Ends & { role: RoleView }) {
  const { t } = useTranslation();
  const { roleId, version } = role;
  const dialog = useRoleDialog(ends, (reason) => postRoleRemoval({ roleId, version, reason }));
  return (
    <ReasonDialog
      {...dialog}
      title={t("people.removeTitle", { name: roleTitle(role) })}
      confirmText={t("people.remove")}
      danger
    >
      {t("people.removeLead")}
    </ReasonDialog>
  );
}

/** Shows what the matrix would change, role by role, before it is saved. */
export function SaveMatrix({ changes, ...ends }: Ends & { changes: ReturnType<typeof changesOf> }) {
  const { t } = useTranslation();
  const dialog = useRoleDialog(ends, (reason) => postRoleMatrix({ changes: matrixOf(changes), reason }));
  const users = changes.reduce((sum, { role }) => sum + role.users, 0);
  return (
    <ReasonDialog {...dialog} title={t("people.diffTitle")} confirmText={t("people.confirmSave")}>
      <p>{t("people.diffLead", { count: users })}</p>
      <ul className="matrix-diff" data-testid="matrix-diff">
        {changes.map(({ role, added, removed }) => (
          <li key={role.roleId}>
            <strong>{roleTitle(role)}</strong>
            {added.length === 0 ? null : (
              <p className="good">{t("people.gains", { list: added.map(permissionName).join(t("app.and")) })}</p>
            )}
            {removed.length === 0 ? null : (
              <p className="bad">{t("people.loses", { list: removed.map(permissionName).join(t("app.and")) })}</p>
            )}
          </li>
        ))}
      </ul>
    </ReasonDialog>
  );
}

function NameField({ name, onChange }: { name: string; onChange: (name: string) => void }) {
  const { t } = useTranslation();
  return (
    <label className="field" htmlFor="role-name">
      <span>{t("people.roleName")}</span>
      <Input
        id="role-name"
        value={name}
        maxLength={40}
        onChange={(event) => onChange(event.target.value)}
        data-testid="role-name"
      />
    </label>
  );
}
