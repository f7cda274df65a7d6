import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Bench, MeterUnderTest, Need } from "#conformance/case.ts";
import { type Line, LineLost, transparentLine } from "#conformance/line.ts";
import { hostLink, type LinkHost } from "#conformance/link-host.ts";
import { createMaster } from "#conformance/master.ts";
import { caseLines, closingLine, exitCode, tally } from "#conformance/report.ts";
import { type Report, runCases } from "#conformance/run.ts";
import { type Bytes, fromHex, toHexReversed } from "#protocol/bytes.ts";
import { ANY_METER } from "#protocol/dlt645/control.ts";
import { meterKey } from "#protocol/dlt645/prepay.ts";
import { pause, systemClock } from "#system/clock.ts";
import { nodeCiphers, randomBytesOf } from "#system/crypto.ts";

const USAGE = `用法 usage:
  jichao conformance --connect 主机HOST:端口PORT [选项 options]     设备监听,总线字节直接收发 the device listens; bytes of the bus as they are
  jichao conformance --listen [地址HOST:]端口PORT --link-key KEY    集中器拨入,JCP/1 the concentrator dials in, JCP/1
选项 options:
  --address 12位表号        不给则用通配地址询问(线上只能有一只表) asked for when left out; then only one meter may be on the bus
  --code 集中器编号CODE --bus 1                                   仅 --listen
  --allow-switching         允许拉合闸 may switch supply (the meter needs credit; it ends closed)
  --allow-top-up --customer 12位户号 --key K_m                    允许充值:约用 60 个购电次数、不到 10 kWh may top up: some 60 purchase numbers, under 10 kWh
  --allow-key-change        允许更换密钥(结束时密钥不变,版本增加) may change the key (at the end the key is the same, in a later version)
  --wait-lock [--lock-seconds 600]                                等到锁定期满 waits until the lock is over
  --root-key KEY            代替 --key:由根密钥与表号导出 instead of --key: derived from a root key and the address
  --key-file 文件 --root-key-file 文件 --link-key-file 文件          密钥不出现在进程列表中 keep keys out of the process list
  --password 02000000  --closes-by direct|button  --timeout 1500 毫秒ms  --only R,P-09  --json
结果 exit code: 0 全部通过 all passed, 1 有失败 something failed, 2 用法 usage, 3 联系不上设备 the device cannot be reached`;

const OPTIONS = {
  connect: { type: "string" },
  listen: { type: "string" },
  address: { type: "string" },
  code: { type: "string" },
  bus: { type: "string", default: "1" },
  customer: { type: "string" },
  key: { type: "string" },
  "key-file": { type: "string" },
  "root-key": { type: "string" },
  "root-key-file": { type: "string" },
  "link-key": { type: "string" },
  "link-key-file": { type: "string" },
  password: { type: "string", default: "02000000" },
  "closes-by": { type: "string", default: "direct" },
  timeout: { type: "string", default: "1500" },
  "lock-seconds": { type: "string", default: "600" },
  only: { type: "string", default: "" },
  "allow-switching": { type: "boolean", default: false },
  "allow-top-up": { type: "boolean", default: false },
  "allow-key-change": { type: "boolean", default: false },
  "wait-lock": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

type Options = ReturnType<typeof parseOptions>;

/** What is wrong with the words of a person: told with the usage. */
class UsageError extends Error {}

/** Where a command speaks, and what it waits by; a test may put another clock in its place. */
export type Surroundings = { out(text: string): void; err(text: string): void; pause?: (ms: number) => Promise<void> };

/**
 * `jichao conformance`: plays master against a simulated or real meter or concentrator and tells which rules of docs/PROTOCOL.md it
 * keeps. Without permission it only reads.
 */
export async function conformanceCommand(args: readonly string[], around: Surroundings): Promise<number> {
  let way: Way | null = null;
  try {
    const options = parseOptions(args);
    way = await openWay(options, around);
    const report = await test(options, way, around);
    const json = { address: report.address, ...tally(report), lost: report.lost, cases: report.results };
    around.out(options.json ? JSON.stringify(json, null, 2) : closingLine(report));
    return exitCode(report);
  } catch (error) {
    if (error instanceof LineLost) {
      around.err(`联系不上设备 the device cannot be reached: ${error.message}`);
      return 3;
    }
    if (!(error instanceof UsageError) && !(error instanceof TypeError && "code" in error)) throw error;
    around.err(`${error.message}\n${USAGE}`);
    return 2;
  } finally {
    await way?.line.close();
    await way?.link?.close();
  }
}

function parseOptions(args: readonly string[]) {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if ((values.connect === undefined) === (values.listen === undefined))
    throw new UsageError("--connect 或 or --listen");
  return values;
}

type Way = { line: Line; link: LinkHost | null };

async function openWay(options: Options, around: Surroundings): Promise<Way> {
  if (options.connect !== undefined) {
    const { host, port } = hostAndPort(options.connect, null);
    return { line: await transparentLine(host, port), link: null };
  }
  const { host, port } = hostAndPort(options.listen ?? "", "0.0.0.0");
  const key = keyOption(options, "link-key");
  if (key === null) throw new UsageError("--listen 需要 needs --link-key");
  const link = await hostLink({ host, port, key, code: options.code ?? null, bus: whole(options.bus, "--bus") });
  around.err(`在端口 ${link.port} 等待集中器拨入 waiting for the concentrator on port ${link.port}`);
  return { line: link.line(), link };
}

async function test(
  options: Options,
  { line, link }: Way,
  around: Surroundings,
): Promise<Report & { address: string }> {
  const waitMs = whole(options.timeout, "--timeout");
  const address = options.address ?? (await askAddress(line, waitMs));
  if (!/^\d{12}$/.test(address)) throw new UsageError(`--address: 12 位数字 digits: ${address}`);
  const meter = meterOptions(options, address);
  const bench: Bench = {
    master: createMaster(line, address, waitMs),
    meter,
    link,
    clock: systemClock,
    pause: around.pause ?? pause,
  };
  if (!options.json) around.out(`表计 meter ${address}\n`);
  const told = (result: Parameters<typeof caseLines>[0]) => {
    if (!options.json) for (const text of caseLines(result)) around.out(text);
  };
  const only = options.only === "" ? [] : options.only.split(",").map((each) => each.trim().toUpperCase());
  return { address, ...(await runCases(bench, { allowed: allowedBy(options, meter, link), only, told })) };
}

function allowedBy(options: Options, meter: MeterUnderTest, link: LinkHost | null): ReadonlySet<Need> {
  const hasKey = meter.key !== null && meter.customer !== null;
  if ((options["allow-top-up"] || options["allow-key-change"]) && !hasKey) {
    throw new UsageError("需要 --customer 与 --key(或 --root-key) --customer and --key (or --root-key) are needed");
  }
  const granted: [boolean, Need][] = [
    [true, "read"],
    [link !== null, "link"],
    [options["allow-switching"], "switch"],
    [options["allow-top-up"], "top_up"],
    [options["allow-top-up"] && options["wait-lock"], "lock_wait"],
    [options["allow-key-change"], "key_change"],
  ];
  return new Set(granted.filter(([is]) => is).map(([, need]) => need));
}

function meterOptions(options: Options, address: string): MeterUnderTest {
  const closesBy = options["closes-by"];
  if (closesBy !== "direct" && closesBy !== "button") throw new UsageError("--closes-by direct|button");
  if (!/^[0-9a-fA-F]{8}$/.test(options.password)) throw new UsageError("--password: 8 位十六进制 hex digits");
  const { customer = null } = options;
  if (customer !== null && !/^\d{12}$/.test(customer)) throw new UsageError("--customer: 12 位数字 digits");
  const root = keyOption(options, "root-key");
  return {
    address,
    password: options.password.toLowerCase(),
    closesBy,
    customer,
    key: root === null ? keyOption(options, "key") : meterKey(nodeCiphers, root, 1, address),
    otherKey: randomBytesOf(16),
    lockMs: whole(options["lock-seconds"], "--lock-seconds") * 1_000,
  };
}

async function askAddress(line: Line, waitMs: number): Promise<string> {
  const told = await createMaster(line, ANY_METER, waitMs).ask({
    address: ANY_METER,
    control: 0x13,
    data: new Uint8Array(0),
  });
  if (told === null)
    throw new LineLost(
      "通配地址读通信地址无应答,请给出 --address; nobody answers to the wildcard address, give --address",
    );
  return toHexReversed(told.data);
}

function keyOption(options: Options, name: "key" | "root-key" | "link-key"): Bytes | null {
  const file = options[`${name}-file`];
  const text = options[name] ?? (file === undefined ? undefined : readFileSync(file, "utf8").trim());
  if (text === undefined) return null;
  const key = fromHex(text);
  if (key?.length !== 16) throw new UsageError(`--${name}: 32 位十六进制 hex digits`);
  return key;
}

function hostAndPort(text: string, usual: string | null): { host: string; port: number } {
  const [, host = usual ?? "", port = ""] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  if (host === "" || Number(port) > 65_535 || port === "") throw new UsageError(`主机:端口 host:port: ${text}`);
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

function whole(text: string, name: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new UsageError(`${name}: ${text}`);
  return Number(text);
}
