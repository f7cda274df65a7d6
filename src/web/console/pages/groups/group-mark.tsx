import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { GroupMark as Mark } from "#contract/group-mark.ts";
import { useCan } from "#web/shared/can.tsx";

/** What a meter is in its merged account, with the way there; nothing on a single meter. */
export function GroupMark({ group }: { group: Mark }) {
  const { t } = useTranslation();
  const sees = useCan("customer.view");
  if (group === null) return null;
  const role = group.isMain ? t("groups.mark.main") : t("groups.mark.sub", { main: group.mainLabel });
  const text = group.state === "merged" ? role : `${role} · ${t(`groups.member.${group.state}`)}`;
  return (
    <span className="tag" data-testid="group-mark" data-state={group.state}>
      {sees ? <Link to={`/groups/${group.groupNo}`}>{text}</Link> : text}
    </span>
  );
}
