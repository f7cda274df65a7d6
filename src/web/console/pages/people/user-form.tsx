import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input, Radio } from "antd";
import { type ReactNode, type SubmitEvent, useContext, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { RoleView, ScopeTree, UserDetail, UserMade } from "#contract/people.ts";
import { beyond } from "#domain/people.ts";
import type { Permission } from "#domain/permission.ts";
import { getMeter } from "#web/shared/api.ts";
import { editUser, getRoles, getScopeTree, peopleKeys, postUser } from "#web/shared/api-people.ts";
import { MeContext } from "#web/shared/can.tsx";
import { MeterSearch } from "../../meter-search.tsx";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { type LimitFields, LimitsPart, limitFields, limitsOfFields } from "./limits-part.tsx";
import { permissionName, roleTitle } from "./names.ts";
import { PasswordShown } from "./password-shown.tsx";
import { type Choice, metersOf, type Single, treeOf } from "./scope-choice.ts";
import { ScopeTreeView } from "./scope-tree.tsx";

/** Name, roles, scope and limits of a user, new (`null`) or known; what one may not give is shown and cannot be ticked. */
export function UserForm({ user }: { user: UserDetail | null }) {
  const roles = useQuery({ queryKey: peopleKeys.roles, queryFn: getRoles });
  const tree = useQuery({ queryKey: peopleKeys.tree, queryFn: getScopeTree });
  const error = roles.error ?? tree.error;
  if (roles.data !== undefined && tree.data !== undefined)
    return <Form user={user} roles={roles.data.items} scopeTree={tree.data} />;
  if (error) return <FailedNotice error={error} retry={() => void Promise.all([roles.refetch(), tree.refetch()])} />;
  return <Loading rows={8} />;
}

function Form(props: { user: UserDetail | null; roles: readonly RoleView[]; scopeTree: ScopeTree }) {
  const { user, roles, scopeTree } = props;
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [login, setLogin] = useState("");
  const [name, setName] = useState(user?.name ?? "");
  const [typed, setTyped] = useState<string | null>(null);
  const [roleIds, setRoleIds] = useState<readonly number[]>(user?.roles.map((role) => role.roleId) ?? []);
  const [all, setAll] = useState(user?.scope.all ?? false);
  const [choice, setChoice] = useState<Choice>({ areaIds: user?.areaIds ?? [], singles: user?.singles ?? [] });
  const [limited, setLimited] = useState<LimitFields>(limitFields(user?.limits ?? null));
  const limits = limitsOfFields(limited);
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const [made, setMade] = useState<UserMade | null>(null);
  const rightsFixed = user !== null && (user.self || !user.mine);
  const save = useMutation({
    mutationFn: () => {
      const meterIds = choice.singles.map((single) => single.meterId);
      const scope = all ? { all: true as const } : { all: false as const, areaIds: [...choice.areaIds], meterIds };
      const some = limits === null ? {} : { limits };
      const rights = { name: name.trim(), roleIds: [...roleIds], scope, ...some, reason: reason.trim() };
      return user === null
        ? postUser({ ...rights, login: login.trim(), password: typed })
        : editUser(user.userId, { ...rights, version: user.version });
    },
    onSuccess: async (answer) => {
      await client.invalidateQueries({ queryKey: peopleKeys.all });
      if (answer.password !== null) setMade(answer);
      else navigate("/users");
    },
  });
  const isReady =
    name.trim() !== "" && reason.trim() !== "" && limits !== null && (user !== null || login.trim() !== "");
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    setTried(true);
    if (isReady && !save.isPending) save.mutate();
  };
  if (made !== null) {
    const title = t("people.created", { name: made.user.name });
    return <PasswordShown title={title} password={made.password ?? ""} onDone={() => navigate("/users")} />;
  }
  return (
    <form className="person-form" onSubmit={send} data-testid="user-form">
      <Part title={t("people.basics")}>
        {user === null ? (
          <Field id="user-login" label={t("people.login")} hint={t("people.loginHint")}>
            <Input
              id="user-login"
              value={login}
              maxLength={64}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              onChange={(event) => setLogin(event.target.value)}
              data-testid="user-login"
            />
          </Field>
        ) : (
          <p>
            {t("people.login")} <strong>{user.login}</strong>
          </p>
        )}
        <Field id="user-name" label={t("people.name")}>
          <Input
            id="user-name"
            value={name}
            maxLength={40}
            disabled={user !== null && !user.mine}
            onChange={(event) => setName(event.target.value)}
            data-testid="user-name"
          />
        </Field>
        {user === null ? <InitialPassword typed={typed} onChange={setTyped} /> : null}
      </Part>
      <Part title={t("people.roles")}>
        <p className="muted">{t(user?.self ? "people.selfLead" : "people.rolesLead")}</p>
        <RoleTicks
          roles={roles}
          held={user?.roles.map((role) => role.roleId) ?? []}
          chosen={roleIds}
          disabled={rightsFixed}
          onChange={setRoleIds}
        />
      </Part>
      <Part title={t("people.scope")}>
        <Radio.Group
          value={all}
          disabled={rightsFixed}
          onChange={(event) => setAll(event.target.value === true)}
          options={[
            { value: false, label: t("people.scopeSome") },
            { value: true, label: t("people.scopeAll"), disabled: !scopeTree.all },
          ]}
          aria-label={t("people.scope")}
          data-testid="scope-kind"
        />
        {all ? null : <ScopePart scopeTree={scopeTree} choice={choice} disabled={rightsFixed} onChange={setChoice} />}
        <ScopeSum scopeTree={scopeTree} all={all} choice={choice} />
      </Part>
      <Part title={t("limits.title")}>
        <LimitsPart fields={limited} isSelf={user?.self ?? false} disabled={rightsFixed} onChange={setLimited} />
      </Part>
      <div className="panel person-save">
        <Field id="user-reason" label={t("people.reason")}>
          <Input
            id="user-reason"
            value={reason}
            maxLength={200}
            disabled={user !== null && !user.mine}
            onChange={(event) => setReason(event.target.value)}
            data-testid="user-reason"
          />
        </Field>
        <span className="field-problem" role="alert">
          {tried && reason.trim() === "" ? t("people.reasonMissing") : ""}
        </span>
        {save.error ? <FailedLine error={save.error} testId="user-problem" /> : null}
        <div className="row-buttons">
          <Button
            type="primary"
            htmlType="submit"
            disabled={user !== null && !user.mine}
            aria-busy={save.isPending}
            data-testid="user-save"
          >
            {t(user === null ? "people.create" : "people.save")}
          </Button>
          <Button onClick={() => navigate("/users")}>{t("people.cancel")}</Button>
        </div>
      </div>
    </form>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="panel person-part" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Field({ id, label, hint, children }: { id: string; label: string; hint?: string; children: ReactNode }) {
  return (
    <label className="field" htmlFor={id}>
      <span>{label}</span>
      {children}
      {hint === undefined ? null : <small>{hint}</small>}
    </label>
  );
}

function InitialPassword({ typed, onChange }: { typed: string | null; onChange: (typed: string | null) => void }) {
  const { t } = useTranslation();
  return (
    <fieldset className="field" aria-label={t("people.initial")}>
      <span>{t("people.initial")}</span>
      <Radio.Group
        value={typed !== null}
        onChange={(event) => onChange(event.target.value === true ? "" : null)}
        options={[
          { value: false, label: t("people.initialMade") },
          { value: true, label: t("people.initialTyped") },
        ]}
      />
      {typed === null ? null : (
        <Input.Password
          value={typed}
          autoComplete="new-password"
          aria-label={t("people.initial")}
          onChange={(event) => onChange(event.target.value)}
          data-testid="user-password"
        />
      )}
      <small>
        {typed === null ? t("people.initialLead") : `${t("people.passwordHint")} ${t("people.initialLead")}`}
      </small>
    </fieldset>
  );
}

function RoleTicks(props: {
  roles: readonly RoleView[];
  held: readonly number[];
  chosen: readonly number[];
  disabled: boolean;
  onChange: (roleIds: readonly number[]) => void;
}) {
  const { t } = useTranslation();
  const mine: ReadonlySet<Permission> = new Set(useContext(MeContext)?.permissions ?? []);
  return (
    <ul className="role-ticks">
      {props.roles.map((role) => {
        const [lacking] = props.held.includes(role.roleId) ? [] : beyond(mine, role.permissions);
        const isOn = props.chosen.includes(role.roleId);
        return (
          <li key={role.roleId}>
            <label>
              <input
                type="checkbox"
                checked={isOn}
                disabled={props.disabled || (lacking !== undefined && !isOn)}
                onChange={() =>
                  props.onChange(
                    isOn ? props.chosen.filter((id) => id !== role.roleId) : [...props.chosen, role.roleId],
                  )
                }
                data-testid={`role-tick-${role.code}`}
              />
              <span>{roleTitle(role)}</span>
            </label>
            <small>
              {role.fixed && lacking === undefined
                ? t("people.fixed")
                : lacking === undefined
                  ? role.permissions.map(permissionName).join(t("app.and"))
                  : t("people.rolesBeyond", { permission: permissionName(lacking) })}
            </small>
          </li>
        );
      })}
    </ul>
  );
}

type ScopeProps = { scopeTree: ScopeTree; choice: Choice };

function ScopePart({
  scopeTree,
  choice,
  disabled,
  onChange,
}: ScopeProps & { disabled: boolean; onChange: (choice: Choice) => void }) {
  const { t } = useTranslation();
  const without = (meterId: number): readonly Single[] => choice.singles.filter((single) => single.meterId !== meterId);
  const adding = useMutation({
    meta: { keepsTyped: true },
    mutationFn: getMeter,
    onSuccess: ({ tile: { meterId, label, number, areaId, areaName } }) =>
      onChange({ ...choice, singles: [...without(meterId), { meterId, label, number, areaId, areaName }] }),
  });
  return (
    <>
      <p className="muted">{t("people.scopeLead")}</p>
      <ScopeTreeView tree={treeOf(scopeTree.areas)} choice={choice} disabled={disabled} onChange={onChange} />
      <h3>{t("people.single")}</h3>
      <ul className="tags">
        {choice.singles.map((single) => (
          <li key={single.meterId} className="tag">
            {`${single.label} · ${single.number} · ${single.areaName}`}{" "}
            {disabled ? null : (
              <button
                type="button"
                className="tag-remove"
                aria-label={t("people.singleRemove", { label: single.label })}
                onClick={() => onChange({ ...choice, singles: without(single.meterId) })}
              >
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
      {disabled ? null : <MeterSearch onChoose={({ meterId }) => adding.mutate(meterId)} />}
      {adding.error ? <FailedLine error={adding.error} testId="single-problem" /> : null}
    </>
  );
}

function ScopeSum({ scopeTree, all, choice }: ScopeProps & { all: boolean }) {
  const { t } = useTranslation();
  const meters = all ? scopeTree.meters : metersOf(treeOf(scopeTree.areas), scopeTree.areas, choice);
  return (
    <p aria-live="polite" data-testid="scope-sum" data-meters={meters}>
      <strong>{t("people.scopeSum", { count: meters })}</strong>
    </p>
  );
}
