import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { GroupDetail } from "#contract/groups.ts";
import { getGroup, getGroupStory, groupKeys } from "#web/shared/api-groups.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, isZero, yuan } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { StoryList } from "../customers/story.tsx";
import { MemberCard } from "./member-card.tsx";
import { MergeDialog } from "./merge-dialog.tsx";
import { UnmergeDialog } from "./unmerge-dialog.tsx";
import "../customers/customers.css";
import "./groups.css";

const POLL_MS = 3_000;

/** One merged account: its balance as of when, how long it lasts, each member with its usage, and what happened to it. */
export function GroupPage() {
  const { t } = useTranslation();
  const { groupNo = "" } = useParams();
  const client = useQueryClient();
  const [dialog, setDialog] = useState<"merge" | "unmerge" | null>(null);
  const group = useQuery({
    queryKey: groupKeys.one(groupNo),
    queryFn: () => getGroup(groupNo),
    refetchInterval: POLL_MS,
  });
  const { data } = group;
  const done = (): void => {
    setDialog(null);
    void client.invalidateQueries({ queryKey: groupKeys.all });
  };
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{data ? t("groups.page", { main: data.mainLabel }) : t("groups.title")}</h1>
        {data?.state === "active" ? (
          <>
            <Can do="recharge.create">
              <Link
                className="link-button link-primary"
                to={`/recharge?meter=${data.mainMeterId}`}
                data-testid="recharge-main"
              >
                {t("groups.rechargeMain")}
              </Link>
            </Can>
            <Can do="account.merge">
              <Button onClick={() => setDialog("merge")} data-testid="add-members">
                {t("groups.addMembers")}
              </Button>
              <Button onClick={() => setDialog("unmerge")} data-testid="open-unmerge">
                {t("groups.unmerge")}
              </Button>
            </Can>
          </>
        ) : null}
        <Link className="link-button" to="/groups">
          {t("groups.title")}
        </Link>
      </div>
      {data === undefined ? (
        group.error ? (
          <FailedNotice error={group.error} retry={() => void group.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <div className="customer-columns">
          <Account group={data} />
          <StoryList
            queryKey={groupKeys.story(groupNo)}
            load={(before) => getGroupStory(groupNo, before)}
            title={t("groups.story")}
          />
        </div>
      )}
      {data && dialog === "merge" ? (
        <MergeDialog
          customerId={data.customerId}
          mainMeterId={data.mainMeterId}
          onDone={done}
          onClose={() => setDialog(null)}
        />
      ) : null}
      {data && dialog === "unmerge" ? (
        <UnmergeDialog group={data} onDone={done} onClose={() => setDialog(null)} />
      ) : null}
    </main>
  );
}

function Account({ group }: { group: GroupDetail }) {
  const { t } = useTranslation();
  const inYuan = (text: string) => t("receipt.yuan", { value: yuan(text) });
  const open = group.members.filter((member) => member.isOpen);
  const past = group.members.filter((member) => !member.isOpen);
  return (
    <section
      className="panel group-account"
      aria-label={t("groups.title")}
      data-testid="group"
      data-state={group.state}
    >
      <dl className="facts">
        <dt>{t("groups.customer")}</dt>
        <dd>
          <Link to={`/customers/${group.customerId}`}>{`${group.customer} ${group.phone}`}</Link>
        </dd>
        <dt>{t("groups.number")}</dt>
        <dd>
          {group.groupNo} <span className="tag">{t(`groups.state.${group.state}`)}</span>
        </dd>
        <dt>{t("groups.balance")}</dt>
        <dd className={group.balance.startsWith("-") ? "bad" : ""}>
          <b className="group-balance" data-testid="group-balance">
            {inYuan(group.balance)}
          </b>
          <small> {t("groups.balanceAt", { time: dateTime(group.balanceAt) })}</small>
        </dd>
        {isZero(group.reserved) ? null : (
          <>
            <dt>{t("groups.reserved")}</dt>
            <dd>{inYuan(group.reserved)}</dd>
          </>
        )}
        {isZero(group.overdraft) ? null : (
          <>
            <dt>{t("groups.overdraft")}</dt>
            <dd>{inYuan(group.overdraft)}</dd>
          </>
        )}
      </dl>
      {group.state === "active" ? (
        <p data-testid="group-days">
          {group.daysLeftTenths === null
            ? t("groups.daysUnknown")
            : t("groups.daysLeft", { days: (group.daysLeftTenths / 10).toFixed(1) })}
          {group.costPerDay === null ? null : ` · ${t("groups.costPerDay", { value: yuan(group.costPerDay) })}`}
        </p>
      ) : null}
      {group.inArrears ? (
        <p className="banner banner-error" role="alert" data-testid="group-arrears">
          {t("groups.inArrears")}
        </p>
      ) : group.state === "active" ? (
        <p className="banner banner-warn">{t("groups.warning")}</p>
      ) : null}
      <p className="muted">
        {t("groups.created", { by: group.createdBy, time: dateTime(group.createdAt) })}
        {group.endedAt === null ? null : ` · ${t("groups.ended", { time: dateTime(group.endedAt) })}`}
      </p>
      {group.membersElsewhere > 0 ? (
        <p className="banner banner-warn">{t("groups.elsewhere", { count: group.membersElsewhere })}</p>
      ) : null}
      <h2>{t("groups.members")}</h2>
      <ul className="group-members" data-testid="members">
        {[...open, ...past].map((member) => (
          <MemberCard key={`${member.tile.meterId} ${member.joinedAt} ${member.state}`} group={group} member={member} />
        ))}
      </ul>
    </section>
  );
}
