import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { exportPermissions } from "#contract/export-kinds.ts";
import { exportsQuery, isOpenExport } from "#web/shared/api-exports.ts";
import { useCan } from "#web/shared/can.tsx";
import { Icon } from "./icons.tsx";

/** In the top bar while a file is made, and until one has looked after it is done: how many, and the way there. */
export function ExportTray() {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const enabled = useCan(exportPermissions);
  const jobs = useQuery({ ...exportsQuery, enabled });
  const [since] = useState(() => Date.now());
  const [seenAt, setSeenAt] = useState(since);
  const items = jobs.data?.items ?? [];
  const open = items.filter(isOpenExport).length;
  const newest = Math.max(0, ...items.filter((each) => each.state === "done").map((each) => each.endedAt ?? 0));
  if (pathname === "/exports" && newest > seenAt) setSeenAt(newest);
  if (open === 0 && newest <= seenAt) return null;
  const text = open > 0 ? t("exports.tray", { count: open }) : t("exports.trayDone");
  return (
    <Link
      to="/exports"
      className="icon-button export-tray"
      title={text}
      aria-label={text}
      data-testid="export-tray"
      data-open={open}
    >
      <Icon name="download" size={20} />
      <span className="export-count" aria-hidden="true">
        {open > 0 ? open : <Icon name="normal" size={10} />}
      </span>
    </Link>
  );
}
