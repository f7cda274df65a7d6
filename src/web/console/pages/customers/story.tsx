import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "antd";
import i18next from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Timeline, TimelineEntry } from "#contract/customers.ts";
import type { MeterEvent } from "#contract/metering.ts";
import { deskKeys, getTimeline } from "#web/shared/api-desk.ts";
import { dateTime, units, yuan } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { eventFigures } from "../board/event-figures.ts";
import { channelText } from "../recharge/channel-text.ts";

const POLL_MS = 5_000;

/** Everything that happened to a customer, newest first: payments, other money, events of his meters. */
export function Story({ customerId }: { customerId: number }) {
  const { t } = useTranslation();
  return (
    <StoryList
      queryKey={deskKeys.timeline(customerId)}
      load={(before) => getTimeline(customerId, before)}
      title={t("customers.story")}
    />
  );
}

type StoryListProps = {
  queryKey: readonly unknown[];
  load: (before: string | null) => Promise<Timeline>;
  title: string;
};

/** A story page by page, the newest first; looked at again every few seconds. */
export function StoryList({ queryKey, load, title }: StoryListProps) {
  const { t } = useTranslation();
  const story = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ items, more }) => {
      const last = items.at(-1);
      return more && last ? `${last.at}.${last.id}` : null;
    },
    refetchInterval: POLL_MS,
  });
  const items = story.data?.pages.flatMap((page) => page.items);
  return (
    <section className="panel story" aria-label={title}>
      <h2>{title}</h2>
      {items === undefined ? (
        story.error ? (
          <FailedNotice error={story.error} retry={() => void story.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : items.length === 0 ? (
        <p className="empty-line">{t("customers.storyEmpty")}</p>
      ) : (
        <ol data-testid="story">
          {items.map((entry) => (
            <Entry key={`${entry.source} ${entry.id}`} entry={entry} />
          ))}
        </ol>
      )}
      {story.hasNextPage ? (
        <Button
          onClick={() => void story.fetchNextPage()}
          aria-busy={story.isFetchingNextPage}
          data-testid="story-more"
        >
          {t("records.more")}
        </Button>
      ) : null}
    </section>
  );
}

function Entry({ entry }: { entry: TimelineEntry }) {
  const { t } = useTranslation();
  return (
    <li className={`story-entry story-${entry.severity}`} data-source={entry.source} data-kind={entry.kind}>
      <time>{dateTime(entry.at)}</time>
      <span className="story-what">
        <b>{whatText(entry)}</b>
        {entry.amount === null ? null : <b>{t("receipt.yuan", { value: yuan(entry.amount) })}</b>}
        {entry.label === "" ? null : <span className="tag">{entry.label}</span>}
        {entry.source === "payment" && typeof entry.detail.parts === "number" && entry.detail.parts > 1 ? (
          <span className="tag">{t("customers.parts", { count: entry.detail.parts })}</span>
        ) : null}
      </span>
      <span className="story-detail muted">
        {detailText(entry)}{" "}
        {entry.source === "payment" && entry.orderNo !== null ? (
          <Link
            to={
              typeof entry.detail.parts === "number" && entry.detail.parts > 1
                ? `/payments/${entry.id}`
                : `/records/${entry.orderNo}`
            }
          >
            {String(entry.detail.receiptNo ?? entry.orderNo)}
          </Link>
        ) : null}
      </span>
    </li>
  );
}

function whatText(entry: TimelineEntry): string {
  const table =
    entry.source === "event" ? "event" : entry.source === "payment" ? "customers.payment" : "customers.moved";
  const found: unknown = i18next.t(`${table}.${entry.kind}` as "event.tripped", { defaultValue: entry.kind });
  return typeof found === "string" ? found : entry.kind;
}

function detailText(entry: TimelineEntry): string {
  const figures =
    entry.source === "event"
      ? eventFigures({ ...entry, kind: entry.kind as MeterEvent["kind"] }, entry.meterKind ?? "electricity")
      : [
          entry.channel === null ? "" : channelText(entry.channel),
          entry.by === "system" ? i18next.t("app.bySystem") : entry.by,
          typeof entry.detail.unitsWh === "number"
            ? `${units(entry.detail.unitsWh)} ${i18next.t(`unit.${entry.meterKind ?? "electricity"}`)}`
            : String(entry.detail.note ?? ""),
        ];
  return figures.filter((each) => each !== "").join(" · ");
}
