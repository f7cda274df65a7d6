import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { getUser, peopleKeys } from "#web/shared/api-people.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { UserActions } from "./user-actions.tsx";
import { UserForm } from "./user-form.tsx";
import "./people.css";

/** A new user. */
export function NewUserPage() {
  const { t } = useTranslation();
  return (
    <main className="page" id="main" tabIndex={-1}>
      <PageHead title={t("people.add")} />
      <UserForm user={null} />
    </main>
  );
}

/** One user: name, roles, scope, and what can be done with the account. */
export function UserPage() {
  const { t } = useTranslation();
  const userId = Number(useParams().userId);
  const user = useQuery({ queryKey: peopleKeys.user(userId), queryFn: () => getUser(userId) });
  return (
    <main className="page" id="main" tabIndex={-1}>
      <PageHead title={user.data === undefined ? t("people.users") : user.data.name} />
      {user.data === undefined ? (
        user.error ? (
          <FailedNotice error={user.error} retry={() => void user.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <>
          <UserActions user={user.data} />
          <UserForm key={`${user.data.userId}-${user.data.version}`} user={user.data} />
        </>
      )}
    </main>
  );
}

function PageHead({ title }: { title: string }) {
  const { t } = useTranslation();
  return (
    <div className="page-head">
      <h1>{title}</h1>
      <Link to="/users">{t("people.back")}</Link>
    </div>
  );
}
