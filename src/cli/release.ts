import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ensureFirstAdministrator } from "#flows/log-in.ts";
import type { Environment } from "#system/environment.ts";
import { armFaults } from "#system/fault-point.ts";
import { programFolder, type Release, releaseIn } from "#system/release.ts";
import { adminAddress, terminal } from "./admin-address.ts";
import { standUp } from "./programs.ts";
import { alone } from "./release/alone.ts";
import { type Choices, install, prepare } from "./release/install.ts";
import type { Runner } from "./release/program.ts";
import { rollBack, type WentBack } from "./release/rollback.ts";
import { pagesAddress, servicesOf } from "./release/services.ts";
import { currentVersion, ownerNamed, type Place, placeAt, placeOf, readUpgrade, settingsIn } from "./release/site.ts";
import { stay } from "./release/stay.ts";
import { Refused, type Steps, steps } from "./release/steps.ts";
import { unfinished, upgrade } from "./release/upgrade.ts";
import { faultsOf } from "./release/versions.ts";

const USAGE = `用法 usage:
  sudo sh install.sh [--admin mysql://管理员ADMIN@主机HOST:3306 | --admin-file 文件FILE] [--name jichao]   安装,或升级已有的安装 install, or upgrade what is there
  jichao release rollback [--restore --by 姓名NAME [--admin … | --admin-file …]] [--list 文件FILE.xlsx]   回到升级前的版本 back to the version of before
  jichao release stay                                                                      放弃走到一半的退回 give up a way back that is half-way
  jichao release verify                                                                    按校验和核对程序文件 check the files of the program
  jichao release status | start | stop                                                     现状;启动或停止两个程序 how it is; both programs up or down
  --admin 不写密码,随后会问;--admin-file 是只有自己可读、写着带密码地址的文件 the password is left out and asked for, or in a file for you alone
  试用 for a trial: --root 目录DIR(不建用户和服务 no user, no units)  --http-port N  --link-port N  --no-start  --json`;

const options = {
  root: { type: "string" },
  admin: { type: "string" },
  "admin-file": { type: "string" },
  name: { type: "string", default: "jichao" },
  from: { type: "string", default: "%" },
  "http-port": { type: "string" },
  "link-port": { type: "string" },
  "no-start": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  to: { type: "string" },
  restore: { type: "boolean", default: false },
  by: { type: "string", default: "" },
  list: { type: "string" },
} as const;
type Values = Omit<ReturnType<typeof parsed>["values"], "admin"> & { admin: string | null };

/** Who runs the programs of a machine's own installation. */
const USER = "jichao";
/** What is planned or worth a look, as `jichao doctor` says it. */
const WORTH_A_LOOK = 3;

/** `jichao release`: installs, upgrades, goes back. Exit code 1: something must be mended, 3: something is still to be decided or worth a look. */
export async function releaseCommand(args: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parsed(args);
  const [verb = ""] = positionals;
  armFaults(env.JICHAO_FAULTS, () => {});
  if (verb === "first-administrator") return await firstAdministrator(env);
  if (verb === "verify") return await verify();
  const place = values.root === undefined ? placeOf(programFolder) : placeAt(resolve(values.root));
  const isRight = positionals.length === 1 && /^(install|rollback|stay|status|start|stop)$/.test(verb);
  if (!isRight) {
    console.error(USAGE);
    return 2;
  }
  if (verb === "status") return status(place);
  if (place.root === "" && process.getuid?.() !== 0) throw new Refused("请用 sudo 运行", "run it by sudo");
  const admin = await adminAddress(values, { isTrial: place.root !== "", ask: terminal() });
  const chosen: Values = { ...values, admin };
  const progress = steps((line) => console.error(line));
  process.umask(0o022); // the programs' user must read the program files, whatever root's habit is
  return await alone(place, async () => {
    if (verb === "install") return await installOrUpgrade(place, env, chosen, progress);
    const runner: Runner = { place, owner: place.root === "" ? ownerNamed(USER) : null, env };
    if (verb === "rollback") return await goBack(runner, chosen, progress);
    if (verb === "stay") {
      const { version, doctor } = await stay(runner, progress);
      console.error(
        `\n退回已放弃,版本 ${version} 接着用原来的库 the way back was given up; ${version} goes on with its database.`,
      );
      return doctor;
    }
    await (verb === "start" ? servicesOf(runner).start() : servicesOf(runner).stop());
    return 0;
  });
}

function parsed(args: readonly string[]) {
  return parseArgs({ args: [...args], allowPositionals: true, options });
}

async function installOrUpgrade(place: Place, env: Environment, values: Values, progress: Steps): Promise<number> {
  const release = releaseIn(programFolder);
  if (release === null) throw new Refused("请在解开的安装包里运行 install.sh", "run install.sh of an unpacked release");
  const choices: Choices = {
    admin: values.admin,
    name: values.name,
    from: values.from,
    user: place.root === "" ? USER : null,
    httpPort: values["http-port"] ?? null,
    linkPort: values["link-port"] ?? null,
    start: !values["no-start"],
  };
  const current = currentVersion(place);
  const isUpgrade = current !== null && (current !== release.version || unfinished(readUpgrade(place)) !== null);
  console.error(`集抄 Jichao ${release.version} → ${place.root || "/"}`);
  const runner = await prepare(place, env, choices, progress);
  const input = { runner, from: programFolder, release, steps: progress };
  const told = isUpgrade ? await upgrade({ ...input, current }) : await install({ ...input, choices });
  const report = { release: release.version, ...told, steps: progress.done(), totalMs: total(progress) };
  if (values.json) console.log(JSON.stringify({ ...report, firstPassword: undefined }));
  console.error(
    "backup" in told ? upgradedText(told.from, release, told.backup) : installedText(runner, release, told),
  );
  return told.doctor ?? 0;
}

function installedText(runner: Runner, { version }: Release, { firstPassword }: { firstPassword: string | null }) {
  const { place } = runner;
  const { firstPassword: file, dataDir } = place;
  const lines = [`\n集抄 ${version} 已安装 Jichao ${version} is installed.`, `  打开 open    ${pagesAddress(runner)}`];
  if (firstPassword !== null) {
    lines.push(
      `  账号 user    admin   初始密码 first password   ${firstPassword}`,
      `               登录后请改密码,再删除 change it after the login, then remove ${file}`,
    );
  }
  lines.push(
    "  请抄到别处(纸上、保险柜、密码库);它们不在备份里 keep these two elsewhere; they are in no backup:",
    `    1. ${join(dataDir, "master.key")}   没有它,任何表都不能再充值 without it no meter can be recharged`,
    `    2. ${settingsIn(place.settings).JICHAO_BACKUP_KEY_FILE ?? join(dataDir, "backup.key")}   没有它,备份打不开 without it no backup opens`,
  );
  return lines.join("\n");
}

function upgradedText(from: string, { version }: Release, backup: string): string {
  return [
    `\n集抄已从 ${from} 升级到 ${version} Jichao was upgraded from ${from} to ${version}.`,
    `  升级前的备份 backup of before   ${backup}`,
    "  要回到旧版本 to go back          sudo jichao release rollback",
  ].join("\n");
}

async function goBack(runner: Runner, values: Values, progress: Steps): Promise<number> {
  const { to, restore, by, admin, from, list } = values;
  const asked = { to: to ?? null, restore, by, admin, from, list: list ? resolve(list) : null };
  const went = await rollBack(runner, asked, progress);
  if (values.json) console.log(JSON.stringify({ ...went, steps: progress.done(), totalMs: total(progress) }));
  console.error(wentBackText(went));
  return went.done ? (went.doctor ?? 0) : WORTH_A_LOOK;
}

function wentBackText({ to, way, done, list, money }: WentBack): string {
  const taken =
    money === null
      ? []
      : [
          `  备份之后 since the backup: ${money.payments} 笔收款 payments, ${money.paidIn} 元 yuan; ${money.refunds} 笔退费 refunds; ${money.transfers} 笔账 transfers`,
        ];
  if (done && way.by === "switch" && list === null)
    return `\n已回到版本 ${to},数据未动 back at version ${to}; the data was not touched.`;
  if (done) {
    return [
      `\n已回到版本 ${to},用的是恢复出来的新库;原来的库留着,任何程序都不再用它 back at version ${to} with a restored database; the old one is kept, and no program runs on it.`,
      ...taken,
      `  请按清单补记,一笔不漏 book each of these again: ${list}`,
      "  系统在隔离中:补记之前不拉闸、不充值 the system is in quarantine: jichao quarantine",
    ].join("\n");
  }
  const because = way.by === "restore" ? way.because.join("、") : "";
  return [
    `\n版本 ${to} 不认识已执行的步骤 ${because},只能恢复升级前的备份 version ${to} does not know ${because}: the backup of before must be restored.`,
    ...taken,
    `  清单已写好,还没有做任何改动 they are listed in ${list}; nothing was changed yet.`,
    "  确定要回去 to go back: jichao release rollback --restore --by 姓名NAME [--admin mysql://用户USER@主机HOST:3306]",
  ].join("\n");
}

function total(progress: Steps): number {
  return progress.done().reduce((sum, { ms }) => sum + ms, 0);
}

async function firstAdministrator(env: Environment): Promise<number> {
  const footing = await standUp("release", env, "warn");
  try {
    const had = await footing.db.read.selectFrom("user").select("id").limit(1).executeTakeFirst();
    if (had === undefined) await ensureFirstAdministrator(footing, env.JICHAO_ADMIN_PASSWORD);
    console.log(JSON.stringify({ made: had === undefined }));
    return 0;
  } finally {
    await footing.end();
  }
}

async function verify(): Promise<number> {
  const release = releaseIn(programFolder);
  const faults = release === null ? ["release.json"] : await faultsOf(programFolder);
  console.log(JSON.stringify({ version: release?.version ?? null, ok: faults.length === 0, faults }));
  return faults.length === 0 ? 0 : 1;
}

function status(place: Place): number {
  const { from, to, stage, backup } = readUpgrade(place) ?? { from: null, to: null, stage: null, backup: null };
  const last = stage === null ? null : { from, to, stage, backup };
  console.log(JSON.stringify({ version: currentVersion(place), root: place.root || "/", upgrade: last }));
  return 0;
}
