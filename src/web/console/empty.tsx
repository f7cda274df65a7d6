import { Button } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Permission } from "#domain/permission.ts";
import { useCan } from "#web/shared/can.tsx";
import { withFilter } from "./address-filter.ts";
import { Notice } from "./notice.tsx";
import { useAddress } from "./use-address.ts";

type EmptyProps = {
  title: string;
  /** What it is called where nothing narrows it, if that is something else. */
  none?: string;
  /** Why there is nothing, and how something comes. */
  lead: string;
  testId: string;
  /** What of the address narrows the list. */
  narrowing?: readonly string[];
  /** What brings something, where nothing narrows. */
  action?: ReactNode;
};

/** A list in which there is nothing: why, and what to do about it. Where the address narrows it, that is to see everything. */
export function Empty({ title, none = title, lead, testId, narrowing = [], action }: EmptyProps) {
  const { t } = useTranslation();
  const [address, setAddress] = useAddress();
  const isNarrowed = narrowing.some((name) => (address.get(name) ?? "") !== "");
  const nothing = Object.fromEntries([...narrowing, "page"].map((name) => [name, ""]));
  return (
    <Notice
      title={isNarrowed ? title : none}
      lead={lead}
      testId={testId}
      action={
        isNarrowed ? (
          <Button onClick={() => setAddress((before) => withFilter(before, nothing))} data-testid="clear-filter">
            {t("recordsFilter.clear")}
          </Button>
        ) : (
          action
        )
      }
    />
  );
}

/** The way to where something is made, for who may. */
export function WayTo({ to, can, children }: { to: string; can: Permission; children: string }) {
  return useCan(can) ? (
    <Link className="link-button" to={to} data-testid="empty-way">
      {children}
    </Link>
  ) : null;
}
