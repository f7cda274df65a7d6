import { AppError, errorText } from "#base/errors.ts";
import { systemClock } from "#system/clock.ts";
import type { Environment } from "#system/environment.ts";
import { environment } from "./config.ts";

/**
 * The `jichao` command. Each command loads only what it needs, so that `frame decode` does not wait for a web server.
 */
const commands: Record<string, { what: string; run(args: string[], env: Environment): Promise<number> }> = {
  start: {
    what: "全部启动(前置机、网页、模拟小镇) run everything: collector, server, simulated town",
    run: async (_args, env) => long(async (signal) => (await import("./start.ts")).startProgram(env, signal)),
  },
  server: {
    what: "只启动网页管理 run the web management alone",
    run: async (_args, env) => long(async (signal) => (await import("./programs.ts")).serverProgram(env, signal)),
  },
  collector: {
    what: "只启动抄表前置机 run the collector alone; 密钥与终端客户端 keys and the terminal client: jichao collector key|console …",
    run: async (args, env) =>
      args.length > 0
        ? (await import("./collector-command.ts")).collectorCommand(args, env)
        : long(async (signal) => (await import("./programs.ts")).collectorProgram(env, signal)),
  },
  simulator: {
    what: "只启动模拟小镇 run the simulated town alone",
    run: async (_args, env) => long(async (signal) => (await import("./programs.ts")).simulatorProgram(env, signal)),
  },
  demo: {
    what: "把模拟小镇建入空数据库 enroll the simulated town in an empty database",
    run: async (_args, env) => (await import("./demo-command.ts")).demoCommand(env),
  },
  frame: {
    what: "报文 frames: jichao frame decode|explain <hex> [--json], frame encode …",
    run: async (args) => {
      const { frameCommand } = await import("./frame.ts");
      return frameCommand(args, { stdin: process.stdin, out: console.log, err: console.error });
    },
  },
  capture: {
    what: "留存的原始报文 raw frames that were kept: jichao capture --since 1h [--concentrator …] [--explain]",
    run: async (args, env) => {
      const [{ captureCommand }, { captureFolder }] = [await import("./capture.ts"), await import("./programs.ts")];
      const at = { folder: captureFolder(env), nowMs: systemClock() };
      return captureCommand(args, { out: console.log, err: console.error }, at);
    },
  },
  keys: {
    what: "密钥的版本与轮换 versions of keys and their rotation: jichao keys status|prepare|activate|rotate|reseal",
    run: async (args, env) => (await import("./keys.ts")).keysCommand(args, env),
  },
  conformance: {
    what: "检验表计或集中器是否符合规约 does a meter or concentrator keep to docs/PROTOCOL.md: jichao conformance --connect … | --listen …",
    run: async (args) =>
      (await import("./conformance.ts")).conformanceCommand(args, { out: console.log, err: console.error }),
  },
  hsm: {
    what: "密码机(参考实现) a security module in a process of its own: jichao hsm --keys … --listen …",
    run: async (args, env) => {
      const { hsmCommand } = await import("./hsm.ts");
      let code = 0;
      await long(async (signal) => {
        code = await hsmCommand(args, env, signal);
      });
      return code;
    },
  },
  "off-guard": {
    what: "查看或解除拉闸保护 show or release the guard over trips: jichao off-guard [release …]",
    run: async (args, env) => (await import("./off-guard.ts")).offGuardCommand(args, env),
  },
  database: {
    what: "建立 MySQL / MariaDB 数据库与三个角色 make a database with its three roles: jichao database create --admin mysql://…",
    run: async (args) => (await import("./database.ts")).databaseCommand(args),
  },
  migrate: {
    what: "升级表结构(可随时重新运行) bring the tables up to date; may be run again at any time",
    run: async (_args, env) => (await import("./database.ts")).migrateCommand(env),
  },
  release: {
    what: "安装、升级、回到旧版本 install, upgrade, go back to the version of before: jichao release rollback|status|verify|start|stop",
    run: async (args, env) => (await import("./release.ts")).releaseCommand(args, env),
  },
  backup: {
    what: "备份:立即备份、列出、校验 take, list or check a backup: jichao backup [list|verify …]",
    run: async (args, env) => (await import("./backup.ts")).backupCommand(args, env),
  },
  restore: {
    what: "从备份恢复到空库,随后进入隔离 restore a backup into an empty database, which is then in quarantine",
    run: async (args, env) => (await import("./backup.ts")).restoreCommand(args, env),
  },
  quarantine: {
    what: "恢复后的隔离:进度与解除 quarantine after a restore: progress, and the way out of it",
    run: async (args, env) => (await import("./quarantine.ts")).quarantineCommand(args, env),
  },
  doctor: {
    what: "自检,可生成不含隐私的诊断包 self-check, and a diagnostic bundle without personal data: jichao doctor [--json] [--bundle FILE]",
    run: async (args, env) => (await import("./doctor.ts")).doctorCommand(args, env),
  },
  ledger: {
    what: "核对账本 check the books: jichao ledger verify",
    run: async (args, env) => (await import("./ledger.ts")).ledgerCommand(args, env),
  },
  login: {
    what: "解除登录锁定、重置两步验证 let somebody in again: jichao login unlock|reset-factor …",
    run: async (args, env) => (await import("./login.ts")).loginCommand(args, env),
  },
  audit: {
    what: "核对审计日志 check that the audit is as it was written: jichao audit verify",
    run: async (args, env) => (await import("./audit.ts")).auditCommand(args, env),
  },
  version: {
    what: "版本号,与每页页脚一致 the version, as on the foot of every page; also jichao --version",
    run: async () => {
      const [{ versionText }, { programFolder }] = [await import("./version.ts"), await import("#system/release.ts")];
      console.log(versionText(programFolder));
      return 0;
    },
  },
};

const [given = "help", ...args] = process.argv.slice(2);
const name = given === "--version" ? "version" : given;
const command = commands[name];
if (command) {
  try {
    process.exitCode = await command.run(args, environment());
  } catch (error) {
    console.error(sentence(error));
    process.exit(1);
  }
} else {
  const width = Math.max(...Object.keys(commands).map((each) => each.length));
  console.log(`集抄 Jichao\n\n用法 usage: jichao <命令 command>\n`);
  for (const [each, { what }] of Object.entries(commands)) console.log(`  ${each.padEnd(width)}  ${what}`);
  process.exitCode = name === "help" || name === "--help" ? 0 : 2;
}

/** Runs a program until SIGINT or SIGTERM, or until the parent that started it with a channel is gone. */
async function long(run: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const ending = new AbortController();
  let askedAt = 0;
  const ask = () => {
    if (askedAt > 0 && systemClock() - askedAt > 1_000) process.exit(130); // asked twice: do not wait any longer
    askedAt = systemClock();
    ending.abort();
  };
  process.on("SIGINT", ask);
  process.on("SIGTERM", ask);
  if (process.channel) process.once("disconnect", ask);
  await run(ending.signal);
  if (process.channel) process.disconnect();
  return 0;
}

/** What a person can act upon: a known port conflict in words, otherwise the message with its causes. */
function sentence(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    const port = "port" in error ? String(error.port) : "";
    return `端口 ${port} 已被占用:请停止占用它的程序,或用 JICHAO_HTTP_PORT / JICHAO_LINK_PORT / JICHAO_COLLECTOR_HTTP_PORT / JICHAO_SIMULATOR_PORT 换一个端口。\nPort ${port} is in use: stop the program that holds it, or choose another by these variables.`;
  }
  const lines: string[] = error instanceof AppError ? [errorText(error.code, error.details, "zh")] : [];
  for (let each: unknown = error; each instanceof Error; each = each.cause) lines.push(each.message);
  return lines.length > 0 ? lines.join("\n  ") : String(error);
}
