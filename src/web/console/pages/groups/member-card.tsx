import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import i18next from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { GroupDetail, GroupMember } from "#contract/groups.ts";
import { groupKeys, postMember } from "#web/shared/api-groups.ts";
import { Can, useNoPrice } from "#web/shared/can.tsx";
import { dateTime, units, yuan } from "#web/shared/format.ts";
import { reasonText } from "#web/shared/i18n.ts";
import { StateIcon } from "../../icons.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";

/** One member: what it is, how far it has come in or out, its switch as told and as read, and what it has used on the account. */
export function MemberCard({ group, member }: { group: GroupDetail; member: GroupMember }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState<"withdraw" | "recheck" | null>(null);
  const noPrice = useNoPrice();
  const { tile } = member;
  const unit = t(`unit.${tile.kind}`);
  const isUnderWay = member.state === "merging" || member.state === "unmerging";
  return (
    <li
      className={`group-member ${member.isOpen ? "" : "group-member-past"}`}
      data-testid={`member-${tile.number}`}
      data-state={member.state}
      data-relay={member.relay ?? ""}
    >
      <div className="group-member-head">
        <span className={`state-mark state-${tile.state}`} title={t(`state.${tile.state}`)}>
          <StateIcon state={tile.state} size={12} />
        </span>
        <span>
          <b>{tile.label}</b> {t(`kind.${tile.kind}`)}{" "}
          <Can do="meter.view">
            <Link to={`/?meter=${tile.meterId}`}>{tile.number}</Link>
          </Can>
        </span>
        <span className={member.isMain ? "tag tag-main" : "tag"}>
          {t(member.isMain ? "groups.main" : "groups.sub")}
        </span>
        <span className={isUnderWay ? "tag tag-warn" : "tag"}>{t(`groups.member.${member.state}`)}</span>
        {member.supplyGuard ? <span className="tag">{t("groups.guarded")}</span> : null}
        <SwitchTag member={member} />
      </div>
      <div className="group-member-facts">
        <span>
          {t("groups.used")} <b>{units(member.usedWh)}</b> {unit} ·{" "}
          {t("groups.usedCost", { value: member.usedYuan === null ? noPrice : yuan(member.usedYuan) })}
        </span>
        <span className="muted">
          {t("groups.price", { value: member.priceYuan === null ? noPrice : yuan(member.priceYuan) })}
        </span>
        {member.usePerDayWh === null ? null : (
          <span className="muted">{t("customers.perDay", { use: units(member.usePerDayWh), unit })}</span>
        )}
        {member.brought === null ? null : (
          <span className="muted">
            {t("groups.brought", { value: yuan(member.brought) })} {dateTime(member.joinedAt)}
          </span>
        )}
        {member.share === null ? null : (
          <span className="muted">
            {t("groups.share", { value: yuan(member.share) })} {dateTime(member.leftAt)}
          </span>
        )}
        <span className="muted">{t("meter.asOf", { time: dateTime(member.indexAt) })}</span>
      </div>
      {isUnderWay || member.stateReason !== "" ? (
        <div className="group-member-way">
          <span>{whyText(member.stateReason)}</span>
          {isUnderWay && !member.reachable ? <span>{t("groups.unreachable")}</span> : null}
          {isUnderWay && !member.wasSent ? (
            <Can do="account.merge">
              <Button size="small" onClick={() => setAsking("withdraw")} data-testid={`withdraw-${tile.number}`}>
                {t("groups.withdraw")}
              </Button>
            </Can>
          ) : null}
          {member.commandState === "stopped" ? (
            <Can do="recharge.recheck">
              <Button size="small" onClick={() => setAsking("recheck")} data-testid={`recheck-${tile.number}`}>
                {t("groups.recheck")}
              </Button>
            </Can>
          ) : null}
        </div>
      ) : null}
      {asking === null ? null : (
        <ReasonDialog
          title={t(`groups.${asking}`)}
          label={t("groups.reason")}
          missingText={t("groups.reasonMissing")}
          confirmText={t(`groups.${asking}`)}
          cancelText={t("groups.back")}
          testId={`member-${asking}`}
          act={(reason) => postMember(group.groupNo, tile.meterId, asking, reason)}
          onDone={() => {
            setAsking(null);
            void client.invalidateQueries({ queryKey: groupKeys.all });
          }}
          onClose={() => setAsking(null)}
        >
          {t(asking === "withdraw" ? "groups.withdrawLead" : "groups.recheckLead", { label: tile.label })}
        </ReasonDialog>
      )}
    </li>
  );
}

function SwitchTag({ member }: { member: GroupMember }) {
  const { t } = useTranslation();
  const { relay, relayCommanded, offCause } = member;
  if (!member.isOpen) return null;
  const waits =
    relayCommanded === null || relay === relayCommanded ? null : relayCommanded === "open" ? "waitsOff" : "waitsOn";
  return (
    <span className={relay === "open" ? "tag tag-off" : "tag"} data-testid="member-relay">
      {t(`groups.relay.${relay ?? "unknown"}`)}
      {relay === "open" && offCause !== null ? ` · ${t(`groups.offCause.${offCause}`)}` : ""}
      {waits === null ? "" : ` · ${t(`groups.${waits}`)}`}
    </span>
  );
}

function whyText(code: string): string {
  if (code === "") return "";
  const own: Readonly<Record<string, string>> = i18next.t("groups.why", { returnObjects: true });
  return own[code] ?? reasonText(code);
}
