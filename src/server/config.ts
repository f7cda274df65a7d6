import { z } from "zod";
import { databaseUrl } from "#store/db.ts";

/** What the server needs to start, from the environment. Everything an operator may change lives in the database. */
export type ServerConfig = {
  readonly httpHost: string;
  readonly httpPort: number;
  readonly dataDir: string;
  /** `sqlite:/path/file.db` or `mysql://user:password@host:3306/name`. */
  readonly databaseUrl: string;
  /** Password of the first administrator; without it one is made up and printed once. */
  readonly adminPassword: string | undefined;
  /** 64 hexadecimal digits; without it the file `master.key` of the data folder. */
  readonly masterKey: string | undefined;
  /** Addresses of reverse proxies whose `X-Forwarded-*` is believed. None by default: anybody may write that header. */
  readonly trustProxy: readonly string[];
  readonly logLevel: string;
};

const PASSWORD_CHARS_MIN = 8;

const text = z.string().trim();
const environment = z.object({
  JICHAO_HTTP_HOST: text.min(1).default("127.0.0.1"),
  JICHAO_HTTP_PORT: text
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .refine((port) => port <= 65_535)
    .default(6200),
  JICHAO_DATA: text.min(1).default("./data"),
  JICHAO_DB: text.regex(/^(?:mysql|mariadb):\/\/[^/]+\/.+|^(?!(?:mysql|mariadb):).+/).optional(),
  JICHAO_ADMIN_PASSWORD: z.string().min(PASSWORD_CHARS_MIN).max(256).optional(),
  JICHAO_MASTER_KEY: text.regex(/^[0-9a-fA-F]{64}$/).optional(),
  JICHAO_TRUST_PROXY: text
    .transform((list) => list.split(",").map((address) => address.trim()))
    .pipe(
      z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6(), z.enum(["loopback", "linklocal", "uniquelocal"])])),
    )
    .default([]),
  JICHAO_LOG: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
});

const expected: Record<keyof z.output<typeof environment>, string> = {
  JICHAO_HTTP_HOST: "监听地址,例如 127.0.0.1 或 0.0.0.0 (an address to listen on)",
  JICHAO_HTTP_PORT: "0 到 65535 的端口号 (a port number)",
  JICHAO_DATA: "数据目录 (a folder)",
  JICHAO_DB: "sqlite:/路径/文件.db 或 mysql://用户:密码@主机:3306/库名 (a database address)",
  JICHAO_ADMIN_PASSWORD: `至少 ${PASSWORD_CHARS_MIN} 个字符的密码 (a password of at least ${PASSWORD_CHARS_MIN} characters)`,
  JICHAO_MASTER_KEY: "64 位十六进制数 (64 hexadecimal digits)",
  JICHAO_TRUST_PROXY: "反向代理的 IP 或网段,用逗号分隔 (addresses of reverse proxies, separated by commas)",
  JICHAO_LOG: "error、warn、info、debug 或 silent (a log level)",
};

/** Settings that are named but empty (`JICHAO_DB=`) count as not given. Throws with every bad name; never with a value. */
export function serverConfig(env: Readonly<Record<string, string | undefined>>): ServerConfig {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined && value.trim() !== "") given[name] = value;
  const read = environment.safeParse(given);
  if (!read.success) {
    const names = new Set(read.error.issues.map((issue) => String(issue.path[0])));
    const lines = Object.entries(expected).filter(([name]) => names.has(name));
    throw new Error(lines.map(([name, what]) => `环境变量 ${name} 有误,应为${what}`).join("\n"));
  }
  const { data } = read;
  return {
    httpHost: data.JICHAO_HTTP_HOST,
    httpPort: data.JICHAO_HTTP_PORT,
    dataDir: data.JICHAO_DATA,
    databaseUrl: databaseUrl(given),
    adminPassword: data.JICHAO_ADMIN_PASSWORD,
    masterKey: data.JICHAO_MASTER_KEY,
    trustProxy: data.JICHAO_TRUST_PROXY,
    logLevel: data.JICHAO_LOG,
  };
}
