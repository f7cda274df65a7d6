import { z } from "zod";
import { type Environment, longToken, readEnvironment, wholeNumber } from "#system/environment.ts";

/** What the server needs to start, from the environment. Everything an operator may change lives in the database. */
export type ServerConfig = {
  readonly httpHost: string;
  readonly httpPort: number;
  /** Password of the first administrator; without it one is made up and printed once. */
  readonly adminPassword: string | undefined;
  /** Addresses of reverse proxies whose `X-Forwarded-*` is believed. None by default: anybody may write that header. */
  readonly trustProxy: readonly string[];
  /** Lets monitoring on other machines read `/metrics`; without it only this machine may. */
  readonly metricsToken: string | undefined;
  /** Single readings are kept for so many days; null keeps them for ever. Days, months and charges are never dropped. */
  readonly readingsKeepDays: number | null;
  /** What all files of exports together may hold. */
  readonly exportBytesMax: number;
  /** A developer may force the states of lists in the pages; only where nobody else can open them. */
  readonly forcedStates: boolean;
};

const PASSWORD_CHARS_MIN = 8;
/** A year and a month: the bill of the same month of last year can still be explained from its readings. */
const READINGS_KEEP_DAYS_MIN = 400;

const environment = z.object({
  JICHAO_HTTP_HOST: z.string().default("127.0.0.1"),
  JICHAO_HTTP_PORT: wholeNumber(0, 65_535).default(6200),
  JICHAO_ADMIN_PASSWORD: z.string().min(PASSWORD_CHARS_MIN).max(256).optional(),
  JICHAO_TRUST_PROXY: z
    .string()
    .transform((list) => list.split(",").map((address) => address.trim()))
    .pipe(
      z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6(), z.enum(["loopback", "linklocal", "uniquelocal"])])),
    )
    .default([]),
  JICHAO_METRICS_TOKEN: longToken().optional(),
  JICHAO_READINGS_KEEP_DAYS: wholeNumber(READINGS_KEEP_DAYS_MIN, 36_500).optional(),
  JICHAO_EXPORT_MB: wholeNumber(10, 1_000_000).default(2048),
  JICHAO_FORCED_STATES: z.enum(["off", "on"]).default("off"),
});

/** Addresses that only this machine reaches. */
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;
const FORCED_STATES =
  "off;on 只在本机监听且没有反向代理时可用 (off, or on where only this machine listens, without a reverse proxy)";

/** Reads the server's configuration; throws one line for every bad variable. */
export function serverConfig(env: Environment): ServerConfig {
  const read = readEnvironment(env, environment, {
    JICHAO_HTTP_HOST: "监听地址,例如 127.0.0.1 或 0.0.0.0 (an address to listen on)",
    JICHAO_HTTP_PORT: "0 到 65535 的端口号 (a port number)",
    JICHAO_ADMIN_PASSWORD: `至少 ${PASSWORD_CHARS_MIN} 个字符的密码 (a password of at least ${PASSWORD_CHARS_MIN} characters)`,
    JICHAO_METRICS_TOKEN: "至少 16 个字符的令牌 (a token of at least 16 characters)",
    JICHAO_READINGS_KEEP_DAYS: `${READINGS_KEEP_DAYS_MIN} 到 36500 的天数 (days)`,
    JICHAO_EXPORT_MB: "10 到 1000000 的 MiB 数 (MiB)",
    JICHAO_TRUST_PROXY: "反向代理的 IP 或网段,用逗号分隔 (addresses of reverse proxies, separated by commas)",
    JICHAO_FORCED_STATES: FORCED_STATES,
  });
  const forcedStates = read.JICHAO_FORCED_STATES === "on";
  if (forcedStates && (!LOOPBACK.test(read.JICHAO_HTTP_HOST) || read.JICHAO_TRUST_PROXY.length > 0))
    throw new Error(`环境变量 JICHAO_FORCED_STATES 有误,应为${FORCED_STATES}`);
  return {
    httpHost: read.JICHAO_HTTP_HOST,
    httpPort: read.JICHAO_HTTP_PORT,
    adminPassword: read.JICHAO_ADMIN_PASSWORD,
    trustProxy: read.JICHAO_TRUST_PROXY,
    metricsToken: read.JICHAO_METRICS_TOKEN,
    readingsKeepDays: read.JICHAO_READINGS_KEEP_DAYS ?? null,
    exportBytesMax: read.JICHAO_EXPORT_MB * 1024 * 1024,
    forcedStates,
  };
}
