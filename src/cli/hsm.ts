import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fromHex } from "#protocol/bytes.ts";
import { type Environment, installationConfig } from "#system/environment.ts";
import { createLog } from "#system/log.ts";
import { type RunningModule, serveModule } from "#system/security-server.ts";
import { moduleAddress } from "#system/security-wire.ts";
import { aborted } from "./aborted.ts";
import { fileModule } from "./root-key-file.ts";

const USAGE = `用法 usage: jichao hsm --keys 文件FILE --listen unix:路径PATH|tcp:127.0.0.1:端口PORT
       jichao hsm --keys 文件FILE --import 版本VERSION --key-file 文件FILE   导入一个根密钥(32 位十六进制) import a root key
令牌由 JICHAO_HSM_TOKEN 给出 the token comes from JICHAO_HSM_TOKEN`;

/** `jichao hsm`: a security module (密码机) of its own process, to build others by, and to keep root keys off the database's host. */
export async function hsmCommand(args: readonly string[], env: Environment, signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keys: { type: "string" },
      listen: { type: "string" },
      import: { type: "string" },
      "key-file": { type: "string" },
    },
  });
  if (values.keys !== undefined && values.import !== undefined && values["key-file"] !== undefined) {
    return importKey(values.keys, Number(values.import), values["key-file"]);
  }
  if (values.keys === undefined || values.listen === undefined) {
    console.error(USAGE);
    return 2;
  }
  const module = await runHsm({ keys: values.keys, listen: values.listen }, env);
  await aborted(signal);
  await module.close();
  return 0;
}

/** Starts the module; resolves when it listens. */
export async function runHsm(how: { keys: string; listen: string }, env: Environment): Promise<RunningModule> {
  const { logLevel, hsmToken } = installationConfig(env);
  const log = createLog({ program: "hsm", level: logLevel ?? "info" });
  const address = moduleAddress(how.listen);
  if (address === null) throw new Error("--listen: unix:/path 或 or tcp:host:port");
  if (hsmToken === undefined) throw new Error("JICHAO_HSM_TOKEN 未设置 is not set");
  const module = fileModule(how.keys);
  const running = await serveModule(module, { address, token: hsmToken, log });
  log.info({ listen: how.listen, port: running.port, versions: module.versions() }, "security module started");
  return running;
}

function importKey(keys: string, version: number, file: string): number {
  const key = fromHex(readFileSync(file, "utf8").trim());
  if (key?.length !== 16 || !Number.isInteger(version) || version < 1 || version > 255) {
    console.error(USAGE);
    return 2;
  }
  const module = fileModule(keys);
  const isNew = !module.versions().includes(version);
  console.log(JSON.stringify({ version, check: module.importRootKey(version, key), isNew }));
  return isNew ? 0 : 1;
}
