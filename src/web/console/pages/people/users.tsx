import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Input } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { UserLine } from "#contract/people.ts";
import { getUsers, peopleKeys } from "#web/shared/api-people.ts";
import { dateTime } from "#web/shared/format.ts";
import { Empty } from "../../empty.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { useSettled } from "../../use-settled.ts";
import { LimitTags } from "./limits-part.tsx";
import { roleTitle } from "./names.ts";
import "./people.css";

/** Who may log in (管理员): what each can do, over which meters, and when he was last here. */
export function UsersPage() {
  const { t } = useTranslation();
  const [params, setParams] = useAddress();
  const search = params.get("search") ?? "";
  const asked = useSettled(search.trim(), 200);
  const list = useQuery({
    queryKey: peopleKeys.users(asked),
    queryFn: () => getUsers(asked),
    placeholderData: keepPreviousData,
  });
  const found = list.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("people.users")}</h1>
        <Link to="/users/new" className="link-button" data-testid="user-new">
          {t("people.add")}
        </Link>
      </div>
      <p className="muted">{t("people.usersLead")}</p>
      <div className="people-search">
        <Input
          value={search}
          allowClear
          maxLength={64}
          placeholder={t("people.search")}
          aria-label={t("people.search")}
          onChange={({ target }) => setParams(target.value === "" ? {} : { search: target.value }, { replace: true })}
          data-testid="users-search"
        />
        {found === undefined ? null : (
          <small aria-live="polite" data-testid="users-count" data-count={found.items.length}>
            {found.more
              ? t("people.more", { count: found.items.length })
              : t("people.count", { count: found.items.length })}{" "}
            · {t("people.asOf", { time: dateTime(found.asOf) })}
          </small>
        )}
      </div>
      {found === undefined ? (
        list.error ? (
          <FailedNotice error={list.error} retry={() => void list.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : found.items.length === 0 ? (
        <Empty title={t("people.none")} lead={t("people.noneLead")} narrowing={["search"]} testId="users-empty" />
      ) : (
        <ul className="people-list">
          {found.items.map((user) => (
            <UserCard key={user.userId} user={user} />
          ))}
        </ul>
      )}
    </main>
  );
}

function UserCard({ user }: { user: UserLine }) {
  const { t } = useTranslation();
  return (
    <li className="panel person" data-testid={`user-${user.login}`} data-state={user.disabled ? "disabled" : "active"}>
      <div className="person-who">
        <Link to={`/users/${user.userId}`}>{user.name}</Link>
        <small>{user.login}</small>
      </div>
      <div className="tags">
        {user.roles.map((role) => (
          <span key={role.roleId} className="tag tag-doing">
            {roleTitle(role)}
          </span>
        ))}
        {user.roles.length === 0 ? <span className="muted">{t("people.noRole")}</span> : null}
      </div>
      <ScopeSummary user={user} />
      <div className="tags">
        <span className={`tag ${user.disabled ? "tag-bad" : "tag-good"}`}>
          {t(user.disabled ? "people.disabled" : "people.active")}
        </span>
        {user.self ? <span className="tag">{t("people.self")}</span> : null}
        {user.mustChangePassword ? <span className="tag tag-warn">{t("people.mustChange")}</span> : null}
        <LimitTags limits={user.limits} />
      </div>
      <small>
        {user.seenAt === null ? t("people.neverSeen") : t("people.seen", { time: dateTime(user.seenAt) })}
        {user.sessions > 0 ? ` · ${t("people.online", { count: user.sessions })}` : ""}
      </small>
    </li>
  );
}

/** What somebody looks after, in a line, with the number of meters. */
function ScopeSummary({ user: { scope } }: { user: UserLine }) {
  const { t } = useTranslation();
  const parts = scope.all ? [t("people.allMeters")] : [...scope.areas];
  if (scope.singleMeters > 0) parts.push(t("people.singleMeters", { count: scope.singleMeters }));
  return (
    <div data-testid="user-scope" data-meters={scope.meters}>
      {parts.length === 0 ? (
        <span className="muted">{t("people.noMeters")}</span>
      ) : (
        <>
          {parts.join(t("app.and"))} <small>{t("people.meterCount", { count: scope.meters })}</small>
        </>
      )}
    </div>
  );
}
