import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { totalmem } from "node:os";
import { collectorConfig } from "#collector/config.ts";
import { serverConfig } from "#server/config.ts";
import { type Environment, type Installation, installationConfig } from "#system/environment.ts";
import { masterKeyFile } from "#system/seal.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const GIB = 1024 ** 3;
const DISK_FREE_FAIL_BYTES = GIB / 2;
const DISK_FREE_WARN_BYTES = 5 * GIB;
/** A connection is a file: concentrators, browsers and the database together. */
const OPEN_FILES_WARN = 8_192;
const NODE_MAJOR = 24;
const MEMORY_WARN_BYTES = GIB;

/** What can be seen of this host and its settings without any database. */
export async function hostChecks(env: Environment): Promise<Finding[]> {
  const found: Finding[] = [nodeVersion(), memory(), openFiles(), ...configs(env)];
  const installation = attempt(() => installationConfig(env));
  if (installation === null) return found;
  const { dataDir, backupDir } = installation;
  found.push(dataFolder(dataDir), disk("disk", dataDir), masterKey(installation), keyFile(installation));
  if (backupDir !== undefined) found.push(disk("backup_disk", backupDir));
  const [server, collector] = [attempt(() => serverConfig(env)), attempt(() => collectorConfig(env))];
  if (server) found.push(await port("http_port", server.httpPort));
  if (collector) found.push(await port("link_port", collector.linkPort), await port("door_port", collector.doorPort));
  return found;
}

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= NODE_MAJOR) return ok("node", `Node ${process.versions.node}`, `Node ${process.versions.node}`);
  return fail(
    "node",
    [`Node ${process.versions.node} 太旧`, `Node ${process.versions.node} is too old`],
    [`请用 npm run jichao 启动,或安装 Node ${NODE_MAJOR}`, `start by npm run jichao, or install Node ${NODE_MAJOR}`],
  );
}

function memory(): Finding {
  const mib = Math.round(totalmem() / 1024 ** 2);
  if (totalmem() >= MEMORY_WARN_BYTES) return ok("memory", `内存 ${mib} MiB`, `${mib} MiB of memory`);
  return warn(
    "memory",
    [`内存只有 ${mib} MiB`, `only ${mib} MiB of memory`],
    ["前置机与网页各需约 300 MiB,数据库另计", "collector and server want about 300 MiB each, the database more"],
  );
}

/** Linux tells it in /proc; elsewhere it is left out of account. */
function openFiles(): Finding {
  const limits = attempt(() => readFileSync("/proc/self/limits", "utf8"));
  const soft = /^Max open files\s+(\S+)/m.exec(limits ?? "")?.[1];
  if (soft === undefined) return ok("open_files", "本系统未给出上限", "this system tells no limit");
  const count = soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  if (count >= OPEN_FILES_WARN) return ok("open_files", `打开文件上限 ${soft}`, `limit of open files ${soft}`);
  return warn(
    "open_files",
    [`打开文件上限只有 ${soft}`, `the limit of open files is only ${soft}`],
    [
      `服务单元中设 LimitNOFILE=65536(见 ops/systemd);至少 ${OPEN_FILES_WARN}`,
      `set LimitNOFILE=65536 in the unit (see ops/systemd); ${OPEN_FILES_WARN} at least`,
    ],
  );
}

function configs(env: Environment): Finding[] {
  const programs = { config: installationConfig, config_server: serverConfig, config_collector: collectorConfig };
  return Object.entries(programs).map(([check, read]) => {
    try {
      read(env);
      return ok(check, "环境变量可读", "the environment can be read");
    } catch (error) {
      const text = error instanceof Error ? error.message : "";
      return fail(check, [text, text], ["按 .env.example 改正", "set it right by .env.example"]);
    }
  });
}

function dataFolder(folder: string): Finding {
  if (!existsSync(folder)) {
    return warn(
      "data_folder",
      ["数据目录还不存在", "the data folder is not there yet"],
      [
        "首次启动时会建立;如果系统已经用过,请检查 JICHAO_DATA",
        "made at the first start; check JICHAO_DATA if it was in use",
      ],
    );
  }
  if (attempt(() => accessSync(folder, constants.W_OK | constants.R_OK)) === null)
    return fail(
      "data_folder",
      ["数据目录不可写", "the data folder cannot be written"],
      ["把它交给运行程序的用户", "give it to the user that runs the programs"],
    );
  return ok("data_folder", "数据目录可写", "the data folder can be written");
}

function disk(check: string, folder: string): Finding {
  const stats = attempt(() => statfsSync(existsSync(folder) ? folder : "."));
  if (stats === null) {
    return warn(check, ["看不到磁盘空间", "disk space cannot be seen"], ["检查目录", "check the folder"]);
  }
  const free = stats.bavail * stats.bsize;
  const gib = (free / GIB).toFixed(1);
  const why = [`剩余 ${gib} GiB`, `${gib} GiB free`] as const;
  const todo = [
    "腾出空间或换更大的磁盘;写满后不再记账",
    "make room or take a bigger disk; a full disk stops all booking",
  ] as const;
  if (free < DISK_FREE_FAIL_BYTES) return fail(check, why, todo);
  return free < DISK_FREE_WARN_BYTES ? warn(check, why, todo) : ok(check, ...why);
}

function masterKey({ masterKey: given, dataDir }: Installation): Finding {
  if (given !== undefined) return ok("master_key", "主密钥由环境变量给出", "the master key comes from the environment");
  const file = masterKeyFile(dataDir);
  if (!existsSync(file)) {
    return warn(
      "master_key",
      ["还没有主密钥", "there is no master key yet"],
      [
        "首次启动时会生成;若数据库已有数据,请先放回原来的主密钥",
        "made at the first start; if the database holds anything, put the old one back first",
      ],
    );
  }
  return secretFile("master_key", file);
}

function keyFile({ backupKeyFile }: Installation): Finding {
  if (backupKeyFile === undefined) {
    return warn(
      "backup_key",
      ["备份未加密", "backups are not encrypted"],
      [
        "设 JICHAO_BACKUP_KEY_FILE,并把密钥文件另行保管",
        "set JICHAO_BACKUP_KEY_FILE, and keep the file apart from the backups",
      ],
    );
  }
  return existsSync(backupKeyFile)
    ? secretFile("backup_key", backupKeyFile)
    : fail(
        "backup_key",
        ["找不到备份的密钥文件", "the key file of the backups is not there"],
        ["检查 JICHAO_BACKUP_KEY_FILE", "check JICHAO_BACKUP_KEY_FILE"],
      );
}

function secretFile(check: string, file: string): Finding {
  const open = statSync(file).mode & 0o077;
  if (open === 0) return ok(check, "只有本用户可读", "readable by this user only");
  return fail(
    check,
    ["别的用户也能读到密钥文件", "others can read the key file"],
    [`chmod 400 ${file}`, `chmod 400 ${file}`],
  );
}

/** A port that is taken may be our own program at work: that is said, not judged. */
async function port(check: string, number: number): Promise<Finding> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", () => resolve(false));
  server.listen(number, "127.0.0.1", () => server.close(() => resolve(true)));
  if (await promise) return ok(check, `端口 ${number} 空闲`, `port ${number} is free`);
  return ok(
    check,
    `端口 ${number} 已在使用(本系统正在运行时即如此)`,
    `port ${number} is in use (as it is while the system runs)`,
  );
}

function attempt<T>(look: () => T): T | null {
  try {
    return look() ?? (undefined as T);
  } catch {
    return null;
  }
}
