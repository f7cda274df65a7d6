import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Reliability } from "#contract/reliability.ts";
import { getReliability, reliabilityKey } from "#web/shared/api-reliability.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import type { Guide } from "../help/help.tsx";
import "../records/records.css";
import "./reliability.css";

const AGAIN_MS = 15_000;
const HOUR_MS = 3_600_000;
const GIB = 1024 ** 3;
/** The same limits as the self-check of the command line. */
const LIMITS = {
  backupLookMs: 26 * HOUR_MS,
  backupBadMs: 7 * 24 * HOUR_MS,
  drillMs: 35 * 24 * HOUR_MS,
  ledgerMs: 26 * HOUR_MS,
  auditMs: 3 * HOUR_MS,
  readingMs: HOUR_MS,
  clockLookMs: 5_000,
  clockBadMs: 60_000,
  diskLookBytes: 5 * GIB,
  diskBadBytes: GIB / 2,
} as const;

type State = "good" | "look" | "bad";

/** Whether what the system rests on holds (可靠性): database, disk, backup, books, commands, readings, guards; with what to do. */
export function ReliabilityPage() {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: reliabilityKey, queryFn: getReliability, refetchInterval: AGAIN_MS });
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("reliability.title")}</h1>
        {found.data ? <small>{t("meter.asOf", { time: dateTime(found.data.asOf) })}</small> : null}
      </div>
      <p className="muted reliability-lead">{t("reliability.lead")}</p>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <>
          <div className="reliability-cards">
            <Database found={found.data} />
            <Disk found={found.data} />
            <Backup found={found.data} />
            <Ledger found={found.data} />
            <Audit found={found.data} />
            <Commands found={found.data} />
            <Readings found={found.data} />
            <Trips found={found.data} />
            <Held found={found.data} />
          </div>
          <p className="muted">{t("reliability.version", { version: found.data.version })}</p>
        </>
      )}
    </main>
  );
}

type Props = { found: Reliability };
type CardProps = { name: Guide; title: string; state: State; todo?: string | null; children: ReactNode };

function Card({ name, title, state, todo, children }: CardProps) {
  const { t } = useTranslation();
  const tag = { good: "tag-good", look: "tag-warn", bad: "tag-bad" }[state];
  return (
    <article className="panel reliability-card" data-testid={`reliability-${name}`} data-state={state}>
      <header className="reliability-head">
        <h2>{title}</h2>
        <span className={`tag ${tag}`}>{t(`reliability.state.${state}`)}</span>
      </header>
      {children}
      {todo ? <p className="reliability-todo">{todo}</p> : null}
      {state === "good" ? null : (
        <Link className="reliability-help" to={`/help#${name}`} data-testid={`help-${name}`}>
          {t("reliability.help")}
        </Link>
      )}
    </article>
  );
}

function Database({ found }: Props) {
  const { t } = useTranslation();
  const { engine, lookMs, clockAheadMs, rows, nodes } = found.database;
  const apart = Math.abs(clockAheadMs ?? 0);
  const clock = apart >= LIMITS.clockBadMs ? "bad" : apart >= LIMITS.clockLookMs ? "look" : "good";
  const isNodeMissing = nodes.some((node) => node.state !== "ready");
  const state = clock === "good" && isNodeMissing ? "look" : clock;
  const todo = clock !== "good" ? t("reliability.clockTodo") : isNodeMissing ? t("reliability.nodeTodo") : null;
  return (
    <Card name="database" title={t("reliability.database")} state={state} todo={todo}>
      <p>{engine}</p>
      <p className="muted">
        {t("reliability.answersIn", { ms: lookMs })} · {t("reliability.rows", { count: rows })}
        {clockAheadMs === null ? null : ` · ${t("reliability.clock", { ms: clockAheadMs })}`}
      </p>
      {nodes.length === 0 ? null : (
        <ul className="reliability-nodes" aria-label={t("reliability.nodes")}>
          {nodes.map((node) => (
            <li key={node.name} data-testid={`node-${node.state}`}>
              <code>{node.name}</code>
              <span className={`tag ${node.state === "ready" ? "tag-good" : "tag-warn"}`}>
                {t(`reliability.node.${node.state}`)}
              </span>
              {node.used ? <strong>{t("reliability.nodeUsed")}</strong> : null}
              {node.size === null ? null : (
                <span className="muted">{t("reliability.nodeSees", { count: node.size })}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Disk({ found }: Props) {
  const { t } = useTranslation();
  const { disk } = found;
  const free = disk?.freeBytes ?? 0;
  const state =
    disk === null || free < LIMITS.diskLookBytes ? (free < LIMITS.diskBadBytes && disk ? "bad" : "look") : "good";
  const inGib = (bytes: number) => (bytes / GIB).toFixed(1);
  return (
    <Card
      name="disk"
      title={t("reliability.disk")}
      state={state}
      todo={state === "good" ? null : t("reliability.diskTodo")}
    >
      <p>
        {disk === null
          ? t("reliability.noDisk")
          : t("reliability.free", { free: inGib(free), total: inGib(disk.totalBytes) })}
      </p>
    </Card>
  );
}

function Backup({ found }: Props) {
  const { t } = useTranslation();
  const { good, lastFailed, drillAt } = found.backup;
  const age = good === null ? Number.POSITIVE_INFINITY : found.asOf - good.snapshotAt;
  const isDrillOld = drillAt === null || found.asOf - drillAt > LIMITS.drillMs;
  const isLate = age > LIMITS.backupLookMs;
  const isBad = lastFailed || (good !== null && age > LIMITS.backupBadMs);
  const state = isBad ? "bad" : isLate || isDrillOld ? "look" : "good";
  const todo = lastFailed
    ? t("reliability.failed")
    : isLate
      ? t("reliability.backupTodo")
      : isDrillOld
        ? t("reliability.drillTodo")
        : null;
  return (
    <Card name="backup" title={t("reliability.backup")} state={state} todo={todo}>
      <p>{t("reliability.backupAt", { time: good === null ? t("reliability.never") : dateTime(good.snapshotAt) })}</p>
      {good === null ? null : (
        <p className="muted">
          {t("reliability.backupSize", { mib: (good.bytes / 1024 ** 2).toFixed(1), rows: good.rows })} ·{" "}
          {t(good.encrypted ? "reliability.encrypted" : "reliability.plain")}
        </p>
      )}
      <p className="muted">
        {t("reliability.drill", { time: drillAt === null ? t("reliability.never") : dateTime(drillAt) })}
      </p>
    </Card>
  );
}

function Ledger({ found }: Props) {
  const { t } = useTranslation();
  const { checkedAt, ok, differences } = found.ledger;
  const isOld = checkedAt === null || found.asOf - checkedAt > LIMITS.ledgerMs;
  const state = ok === false ? "bad" : isOld || differences > 0 ? "look" : "good";
  const word = ok === null ? "ledgerNever" : ok ? "ledgerOk" : "ledgerBad";
  return (
    <Card name="ledger" title={t("reliability.ledger")} state={state}>
      <p>{t(`reliability.${word}`)}</p>
      <p className="muted">
        {checkedAt === null ? null : `${t("reliability.checkedAt", { time: dateTime(checkedAt) })} · `}
        {t("reliability.differences", { count: differences })}
      </p>
      <Link to="/reconcile">{t("reliability.toReconcile")}</Link>
    </Card>
  );
}

function Audit({ found }: Props) {
  const { t } = useTranslation();
  const { checkedAt, ok, problems, waiting } = found.audit;
  const isOld = checkedAt === null || found.asOf - checkedAt > LIMITS.auditMs;
  const state = ok === false ? "bad" : isOld ? "look" : "good";
  const word = ok === null ? "auditNever" : ok ? "auditOk" : "auditBad";
  const todo = ok === false ? t("reliability.auditBadTodo") : isOld ? t("reliability.auditOldTodo") : null;
  return (
    <Card name="audit" title={t("reliability.audit")} state={state} todo={todo}>
      <p>{t(`reliability.${word}`, { count: problems })}</p>
      <p className="muted">
        {checkedAt === null ? null : `${t("reliability.checkedAt", { time: dateTime(checkedAt) })} · `}
        {t("reliability.auditWaiting", { count: waiting })}
      </p>
      <Can do="audit.view">
        <Link to="/audit">{t("reliability.toAudit")}</Link>
      </Can>
    </Card>
  );
}

function Commands({ found }: Props) {
  const { t } = useTranslation();
  const { commands } = found;
  const state = commands.older > 0 ? "look" : "good";
  return (
    <Card
      name="commands"
      title={t("reliability.commands")}
      state={state}
      todo={state === "good" ? null : t("reliability.commandsTodo")}
    >
      <dl className="totals">
        {(["minute", "hour", "day", "older"] as const).map((age) => (
          <div key={age}>
            <dt>{t(`reliability.age.${age}`)}</dt>
            <dd>{commands[age]}</dd>
          </div>
        ))}
      </dl>
      <p className="muted">{t("reliability.unknown", { count: commands.unknown })}</p>
    </Card>
  );
}

function Readings({ found }: Props) {
  const { t } = useTranslation();
  const { fresh, meters, lastAt, online, concentrators } = found.readings;
  const isStill = meters > 0 && (lastAt === null || found.asOf - lastAt > LIMITS.readingMs);
  const state = isStill ? "bad" : fresh < meters || online < concentrators ? "look" : "good";
  return (
    <Card
      name="readings"
      title={t("reliability.readings")}
      state={state}
      todo={isStill ? t("reliability.readingsTodo") : null}
    >
      <p>{t("reliability.fresh", { fresh, meters })}</p>
      <p className="muted">
        {t("reliability.links", { online, count: concentrators })} ·{" "}
        {t("reliability.lastReading", { time: lastAt === null ? t("reliability.never") : dateTime(lastAt) })}
      </p>
    </Card>
  );
}

function Trips({ found }: Props) {
  const { t } = useTranslation();
  const count = found.trips.stoppedProjects;
  return (
    <Card name="trips" title={t("reliability.trips")} state={count > 0 ? "bad" : "good"}>
      <p>{count > 0 ? t("reliability.tripsStopped", { count }) : t("reliability.tripsOk")}</p>
      <Link to="/guard">{t("reliability.toGuard")}</Link>
    </Card>
  );
}

function Held({ found }: Props) {
  const { t } = useTranslation();
  const { quarantine } = found;
  return (
    <Card name="quarantine" title={t("reliability.quarantine")} state={quarantine === null ? "good" : "bad"}>
      <p>
        {quarantine === null ? t("reliability.quarantineNone") : t("reliability.quarantineHeld", { ...quarantine })}
      </p>
      {quarantine === null ? null : <Link to="/quarantine">{t("reliability.toQuarantine")}</Link>}
    </Card>
  );
}
