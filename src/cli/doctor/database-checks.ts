import { existsSync } from "node:fs";
import { DAY_MS, formatInstant, HOUR_MS, type Instant, instant, MINUTE_MS, SECOND_MS } from "#base/time.ts";
import { linkKeyPurpose } from "#flows/meter-keys.ts";
import { lastBackups } from "#store/backup/runs.ts";
import { type Db, embeddedDatabase, openDatabase } from "#store/db.ts";
import { appliedMigrations, databaseClockAhead, engineSettings } from "#store/engine-settings.ts";
import { ledgerTotals, unbalancedTransfers } from "#store/ledger-checks.ts";
import { migrationNames } from "#store/migrate.ts";
import { type MigrationMark, unknownMigrations } from "#store/migration-marks.ts";
import type { NodeState } from "#store/mysql-node.ts";
import { allOffStops } from "#store/off-stops.ts";
import { currentRestore } from "#store/quarantine.ts";
import { lastReconciliation } from "#store/reconcile.ts";
import { systemClock } from "#system/clock.ts";
import type { Installation } from "#system/environment.ts";
import { createSealer, loadMasterKey, loadOldMasterKey, masterKeyFile } from "#system/seal.ts";
import { type Finding, fail, ok, type Words, warn } from "./finding.ts";

/** A check is not a program that must go on: it says soon that there is no answer. */
const PATIENCE_MS = 3_000;
const CLOCK_AHEAD_WARN_MS = 5 * SECOND_MS;
const CLOCK_AHEAD_FAIL_MS = MINUTE_MS;
/** A nightly backup and the hour that it may take. */
const BACKUP_AGE_WARN_MS = 26 * HOUR_MS;
const BACKUP_AGE_FAIL_MS = 7 * DAY_MS;
const DRILL_AGE_WARN_MS = 35 * DAY_MS;
const CONNECTIONS_MIN = 100;

/** What the database says: whether it is there, how it is set, and whether what is in it holds. `db` is handed on for the bundle. */
export async function databaseChecks(installation: Installation, use: (db: Db) => Promise<void>): Promise<Finding[]> {
  const { databaseUrl, dataDir } = installation;
  const url = databaseUrl ?? embeddedDatabase(dataDir);
  if (!/^(mysql|mariadb):/.test(url) && !existsSync(url.replace(/^sqlite:/, ""))) {
    return [
      warn(
        "database",
        ["数据库文件还不存在", "the database file is not there yet"],
        ["首次启动时会建立", "made at the first start"],
      ),
    ];
  }
  let db: Db;
  try {
    db = await openDatabase(url, { patienceMs: PATIENCE_MS });
  } catch (error) {
    return [notReached(error)];
  }
  try {
    const found = [
      ok("database", await db.version(), await db.version()),
      ...(await nodes(db)),
      ...(await engine(db)),
      ...(await clock(db)),
    ];
    const applied = await appliedMigrations(db.read);
    const tables = migrations(applied);
    found.push(tables);
    if (tables.state === "fail" || applied === null || applied.length === 0) return found;
    if (missing(applied) > 0) return found; // what follows asks tables that may not be there
    const now = systemClock();
    found.push(...(await backups(db, now)), await ledger(db), await sealed(db, installation));
    found.push(await quarantine(db), await offStops(db), await stuck(db, now));
    await use(db);
    return found;
  } finally {
    await db.close();
  }
}

/** Never the address or the user: a bundle goes to other people. */
function notReached(error: unknown): Finding {
  const causes: unknown[] = [];
  for (let each = error; each instanceof Error; each = each.cause) causes.push("code" in each ? each.code : "");
  const codes = causes.filter((code) => typeof code === "string" && code !== "").join(" ");
  return fail(
    "database",
    [`数据库连接不上 ${codes}`, `the database cannot be reached ${codes}`],
    [
      "检查 JICHAO_DB 的地址、用户和密码,以及数据库是否在运行",
      "check address, user and password in JICHAO_DB, and whether the database runs",
    ],
  );
}

const NODE_WORDS: Readonly<Record<NodeState, Words>> = {
  ready: ["可用", "ready"],
  behind: ["追赶中", "catching up, or lending its data"],
  apart: ["与集群失联", "apart from the cluster"],
  read_only: ["只读", "read-only"],
  away: ["无应答", "no answer"],
};

/** The nodes of a cluster by their place in the address, never by the address itself. */
async function nodes(db: Db): Promise<Finding[]> {
  const found = await db.nodes();
  if (found.length < 2) return [];
  return found.map(({ state, used, size }, i) => {
    const [zh, en] = NODE_WORDS[state];
    const of = size === null ? "" : ` ${size}/${found.length}`;
    const why = [
      `第 ${i + 1} 个数据库节点${zh}${of}${used ? ",在用" : ""}`,
      `database node ${i + 1} ${en}${of}${used ? ", in use" : ""}`,
    ] as const;
    if (state === "ready" && size !== null && size < found.length)
      return warn("db_node", why, [
        "集群缺少节点,见 docs/GALERA.md 第 4 节",
        "nodes are missing: docs/GALERA.md, section 4",
      ]);
    if (state === "ready") return ok("db_node", ...why);
    return warn("db_node", why, ["见 docs/GALERA.md 第 3、4 节", "docs/GALERA.md, sections 3 and 4"]);
  });
}

async function engine(db: Db): Promise<Finding[]> {
  const settings = await engineSettings(db.read);
  if (settings.size === 0)
    return [ok("durability", "SQLite:提交即落盘(WAL,FULL)", "SQLite: a commit is on the disk (WAL, FULL)")];
  const value = (name: string) => settings.get(name) ?? "";
  const wanted = (check: string, name: string, isGood: boolean, todo: Words, state: "warn" | "fail"): Finding => {
    const why = [`${name} = ${value(name)}`, `${name} = ${value(name)}`] as const;
    if (isGood) return ok(check, ...why);
    return state === "fail" ? fail(check, why, todo) : warn(check, why, todo);
  };
  const hasBinlog = value("log_bin") === "ON";
  return [
    wanted(
      "durability",
      "innodb_flush_log_at_trx_commit",
      value("innodb_flush_log_at_trx_commit") === "1",
      ["必须设为 1:否则断电会丢失已确认的收款", "must be 1: with anything else a power cut loses confirmed payments"],
      "fail",
    ),
    ...(hasBinlog
      ? [
          wanted(
            "binlog",
            "sync_binlog",
            value("sync_binlog") === "1",
            [
              "设为 1,否则断电后二进制日志缺少最后的提交",
              "set it to 1, or a power cut loses the end of the binary log",
            ],
            "warn",
          ),
        ]
      : [
          warn(
            "binlog",
            ["未开启二进制日志", "there is no binary log"],
            [
              "开启后可恢复到任意时刻;否则最多丢失上次备份以来的数据",
              "with one a restore can go on to any moment; without one all since the last backup is lost",
            ],
          ),
        ]),
    wanted(
      "charset",
      "character_set_database",
      value("character_set_database") === "utf8mb4",
      [
        "建库时用 utf8mb4 / utf8mb4_bin(见 jichao database)",
        "make the database with utf8mb4 / utf8mb4_bin (see jichao database)",
      ],
      "warn",
    ),
    wanted(
      "connections",
      "max_connections",
      Number(value("max_connections")) >= CONNECTIONS_MIN,
      [`至少 ${CONNECTIONS_MIN}:每个程序用到 19 个`, `${CONNECTIONS_MIN} at least: each program uses up to 19`],
      "warn",
    ),
    ok(
      "time_zone",
      `time_zone = ${value("time_zone")}(程序只存毫秒,不受影响)`,
      `time_zone = ${value("time_zone")} (only milliseconds are stored, so it does not matter)`,
    ),
    ok("sql_mode", "由程序在每个连接上设定", "set by the programs on each connection"),
  ];
}

async function clock(db: Db): Promise<Finding[]> {
  const ahead = await databaseClockAhead(db.read, systemClock);
  if (ahead === null) return [];
  const why = [`数据库时钟相差 ${ahead} ms`, `the database's clock differs by ${ahead} ms`] as const;
  const todo = ["在两台主机上启用 NTP(chrony)", "run NTP (chrony) on both hosts"] as const;
  if (Math.abs(ahead) >= CLOCK_AHEAD_FAIL_MS) return [fail("clock", why, todo)];
  return [Math.abs(ahead) >= CLOCK_AHEAD_WARN_MS ? warn("clock", why, todo) : ok("clock", ...why)];
}

/** How many of this program's own steps are not in the database. */
function missing(applied: readonly MigrationMark[] | null): number {
  return migrationNames.filter((name) => !applied?.some((mark) => mark.isDone && mark.name === name)).length;
}

function migrations(applied: readonly MigrationMark[] | null): Finding {
  const { refused, borne } = unknownMigrations(applied ?? [], migrationNames);
  const [newer] = [...refused, ...borne];
  const by = newer?.madeBy ?? "?";
  if (refused.length > 0) {
    return fail(
      "migrations",
      [`数据库比程序新(${newer?.name},版本 ${by})`, `the database is newer than the program (${newer?.name} by ${by})`],
      ["启动新版本的程序", "start the newer program"],
    );
  }
  const pending = missing(applied);
  if (pending > 0) {
    return warn(
      "migrations",
      [`有 ${pending} 个升级步骤未执行`, `${pending} migrations are pending`],
      ["程序启动时自动执行;先做一次备份", "applied when a program starts; take a backup first"],
    );
  }
  if (newer === undefined) return ok("migrations", "表结构是最新的", "the tables are up to date");
  return warn(
    "migrations",
    [
      `数据库由更新的版本 ${by} 升级过(${newer.name}),本版本可以在其上运行`,
      `the database was upgraded by the newer version ${by} (${newer.name}), with which this one gets along`,
    ],
    [
      "备份只核对校验和,不做试恢复;请尽早换回新版本",
      "backups are checked by their hashes only and not restored for trial; go back to the newer version soon",
    ],
  );
}

async function backups(db: Db, now: Instant): Promise<Finding[]> {
  const { good, last, drill } = await lastBackups(db.read);
  const todo = [
    "启用定时备份(ops/systemd/jichao-backup.timer),或运行 jichao backup",
    "enable the timer (ops/systemd/jichao-backup.timer), or run jichao backup",
  ] as const;
  if (good === null) return [warn("backup", ["还没有备份", "there is no backup yet"], todo)];
  const at = formatInstant(instant(good.snapshot_at));
  const why = [`最近一次成功的备份:${at}`, `the last good backup is of ${at}`] as const;
  const age = now - good.snapshot_at;
  const found: Finding[] = [];
  if (last?.ok === 0) {
    found.push(
      fail(
        "backup",
        [`最近一次备份失败;${why[0]}`, `the last try failed; ${why[1]}`],
        ["运行 jichao backup 查看原因", "run jichao backup and see why"],
      ),
    );
  } else if (age >= BACKUP_AGE_FAIL_MS) found.push(fail("backup", why, todo));
  else found.push(age >= BACKUP_AGE_WARN_MS ? warn("backup", why, todo) : ok("backup", ...why));
  const drilled = drill === null ? null : formatInstant(instant(drill.ended_at));
  const isFresh = drill !== null && now - drill.ended_at < DRILL_AGE_WARN_MS;
  found.push(
    isFresh
      ? ok("drill", `最近一次恢复演练:${drilled}`, `last restore for trial ${drilled}`)
      : warn(
          "drill",
          ["一个多月没有做恢复演练", "no backup was restored for trial for over a month"],
          ["jichao backup verify 文件 --record", "jichao backup verify FILE --record"],
        ),
  );
  return found;
}

/** The quick look; the whole one is `jichao ledger verify`, every night. */
async function ledger(db: Db): Promise<Finding> {
  const { sumE4, transfers } = await ledgerTotals(db.read);
  const unbalanced = await unbalancedTransfers(db.read, 1);
  const last = await lastReconciliation(db.read);
  if (sumE4 === 0 && unbalanced.length === 0 && last?.ledger_ok !== 0) {
    return ok("ledger", `账本平衡,共 ${transfers} 笔`, `the ledger balances, ${transfers} transfers`);
  }
  return fail(
    "ledger",
    ["账本不平或与封存不符", "the ledger does not balance, or is not as it was sealed"],
    ["运行 jichao ledger verify,先停止收款", "run jichao ledger verify; stop taking money first"],
  );
}

/** Whether the master key at hand opens what is sealed in this database. */
async function sealed(db: Db, { masterKey, oldMasterKey, dataDir }: Installation): Promise<Finding> {
  const row = await db.read
    .selectFrom("concentrator")
    .select(["code", "key_sealed"])
    .where("key_sealed", "<>", "")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return ok("sealed", "库中没有封存的密钥", "nothing is sealed in the database");
  const lost = fail(
    "sealed",
    ["主密钥打不开库中的密钥", "the master key does not open what is sealed in the database"],
    [
      "放回原来的 master.key(或 JICHAO_MASTER_KEY);没有它就不能充值",
      "put the old master.key (or JICHAO_MASTER_KEY) back; without it nothing can be recharged",
    ],
  );
  if (masterKey === undefined && !existsSync(masterKeyFile(dataDir))) return lost;
  try {
    const old = loadOldMasterKey(oldMasterKey, dataDir);
    const sealer = createSealer(loadMasterKey(masterKey, dataDir), ...(old === null ? [] : [old]));
    sealer.unseal(row.key_sealed, linkKeyPurpose(row.code));
    return ok("sealed", "主密钥与数据库相符", "the master key fits the database");
  } catch {
    return lost;
  }
}

async function quarantine(db: Db): Promise<Finding> {
  const restore = await currentRestore(db.read);
  if (restore === null) return ok("quarantine", "不在隔离状态", "not in quarantine");
  return warn(
    "quarantine",
    ["系统从备份恢复,仍在隔离", "the system was restored from a backup and is in quarantine"],
    ["jichao quarantine,或网页“可靠性”", "jichao quarantine, or the page Reliability"],
  );
}

async function offStops(db: Db): Promise<Finding> {
  const stopped = (await allOffStops(db.read)).length;
  if (stopped === 0) return ok("off_guard", "拉闸保护未触发", "the guard over trips has not stopped anything");
  return warn(
    "off_guard",
    [`${stopped} 个项目的拉闸已停止`, `trips of ${stopped} projects are stopped`],
    ["查清原因后在网页“拉闸保护”解除", "find out why, then release it on the page Guard"],
  );
}

const STUCK_MS = HOUR_MS;

async function stuck(db: Db, now: Instant): Promise<Finding> {
  const row = await db.read
    .selectFrom("command")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("state", "=", "unknown")
    .where("sent_at", "<", now - STUCK_MS)
    .executeTakeFirstOrThrow();
  const count = Number(row.count);
  if (count === 0) return ok("commands", "没有悬而未决的指令", "no command is in doubt for long");
  return warn(
    "commands",
    [`${count} 条指令发出超过一小时仍无结果`, `${count} commands were sent over an hour ago and have no outcome`],
    ["检查相应的集中器和表计是否在线", "see whether their concentrators and meters answer"],
  );
}
