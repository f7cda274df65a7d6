import { hostname } from "node:os";
import { z } from "zod";
import { MINUTE_MS, SECOND_MS } from "#base/time.ts";
import { type Environment, longToken, readEnvironment, wholeNumber } from "#system/environment.ts";

/** Everything a collector is told from outside. Its OFF guard is not among it: that is in flows and not configurable here. */
export type CollectorConfig = {
  /** Where concentrators dial in. */
  linkHost: string;
  /** 0 takes any free port (tests). */
  linkPort: number;
  /** The door for concentrators in TLS; null when it is not open. The files hold our certificate, for devices that want one. */
  linkTls: { port: number; certFile: string | null; keyFile: string | null } | null;
  /** Where the collector's own HTTP door (health, metrics, terminal client) is. */
  doorHost: string;
  /** 0 takes any free port (tests). */
  doorPort: number;
  /** Lets monitoring on other machines read `/metrics`; without it only this machine may. */
  metricsToken: string | undefined;
  /** Name under which this collector holds leases. Two collectors must not share one. */
  collectorId: string;
  /** Every meter is read once in this time, if its bus allows. */
  readIntervalMs: number;
  /** How long a meter may think: added to the time that the bytes take on the bus. */
  replyAllowanceMs: number;
  /** How long the way to the concentrator and back may take on top. */
  linkAllowanceMs: number;
  heartbeatSeconds: number;
  /** After so long without a byte a DTU or terminal, which keeps heartbeats of its own, is hung up on. */
  legacySilenceMs: number;
  /** How long a socket may take to prove who it is. */
  registrationMs: number;
  /** Sockets that have not proved who they are: all together, and from one source. */
  strangersMax: number;
  strangersPerSourceMax: number;
  sessionsMax: number;
  /** Concentrators that are let in per second when many come at once. */
  admissionsPerSecond: number;
  /** MiB of raw frames that are kept on disk; 0 keeps none. */
  captureMb: number;
};

/** JCP/1 has no registered port; 6201 is ours. */
export const LINK_PORT = 6201;
/** The same inside TLS. */
export const LINK_TLS_PORT = 6203;
/** 500 that come back at once are in after ten seconds, and the database has hardly noticed. */
export const ADMISSIONS_PER_SECOND = 50;
/** Days of a small site, a quarter of an hour of a thousand busy concentrators. */
export const CAPTURE_MB = 256;
/** The collector's own HTTP door, beside the pages' 6200 and the concentrators' 6201. */
export const DOOR_PORT = 6202;
/** Short, so that a visitor sees the demo town move. A site reads every 900 s: a 15-minute load curve. */
export const READ_INTERVAL_DEMO_SECONDS = 20;
/** DL/T 645 gives a meter 500 ms to begin (§5.3.2); the other half is for radio hops and slow concentrators. */
export const REPLY_ALLOWANCE_MS = 1_000;
/** Mobile networks hold packets back for seconds before they drop them. */
export const LINK_ALLOWANCE_MS = 5_000;
/** Keeps the shortest common NAT binding of mobile networks (about 60 s) open. */
export const HEARTBEAT_SECONDS = 30;
/** Two and a half of the two minutes that DTUs and terminals usually leave between heartbeats. */
export const LEGACY_SILENCE_SECONDS = 300;
/** Three packets over a bad mobile link fit easily; a slow-sending attacker does not stay. */
export const REGISTRATION_MS = 15 * SECOND_MS;
/** A storm of 500 concentrators that come back at once, twice over; each costs a few KiB. */
export const STRANGERS_MAX = 1_000;
/** Many concentrators share one address behind a mobile operator's NAT; one attacker must still not fill the hall. */
export const STRANGERS_PER_SOURCE_MAX = 64;
/** Thousands of concentrators to a collector; a session costs some 20 KiB and one file descriptor. */
export const SESSIONS_MAX = 5_000;

const environment = z.object({
  JICHAO_LINK_HOST: z.string().default("0.0.0.0"),
  JICHAO_LINK_PORT: wholeNumber(0, 65_535).default(LINK_PORT),
  JICHAO_LINK_TLS: z.enum(["on", "off"]).default("off"),
  JICHAO_LINK_TLS_PORT: wholeNumber(0, 65_535).default(LINK_TLS_PORT),
  JICHAO_LINK_TLS_CERT: z.string().optional(),
  JICHAO_LINK_TLS_KEY: z.string().optional(),
  JICHAO_ADMISSIONS_PER_SECOND: wholeNumber(1, 10_000).default(ADMISSIONS_PER_SECOND),
  JICHAO_CAPTURE_MB: wholeNumber(0, 1_000_000).default(CAPTURE_MB),
  JICHAO_COLLECTOR_HTTP_HOST: z.string().default("127.0.0.1"),
  JICHAO_COLLECTOR_HTTP_PORT: wholeNumber(0, 65_535).default(DOOR_PORT),
  JICHAO_METRICS_TOKEN: longToken().optional(),
  JICHAO_COLLECTOR_ID: z
    .string()
    .regex(/^[\w.-]{1,32}$/)
    .default(() => defaultCollectorId()),
  JICHAO_READ_INTERVAL_SECONDS: wholeNumber(1, 86_400).default(READ_INTERVAL_DEMO_SECONDS),
  JICHAO_EXCHANGE_TIMEOUT_MS: wholeNumber(50, MINUTE_MS).default(REPLY_ALLOWANCE_MS),
  JICHAO_LINK_TIMEOUT_MS: wholeNumber(100, MINUTE_MS).default(LINK_ALLOWANCE_MS),
  JICHAO_HEARTBEAT_SECONDS: wholeNumber(1, 3_600).default(HEARTBEAT_SECONDS),
  JICHAO_LEGACY_SILENCE_SECONDS: wholeNumber(1, 86_400).default(LEGACY_SILENCE_SECONDS),
  JICHAO_REGISTRATION_MS: wholeNumber(100, MINUTE_MS).default(REGISTRATION_MS),
  JICHAO_STRANGERS_MAX: wholeNumber(1, 100_000).default(STRANGERS_MAX),
  JICHAO_STRANGERS_PER_SOURCE_MAX: wholeNumber(1, 100_000).default(STRANGERS_PER_SOURCE_MAX),
  JICHAO_SESSIONS_MAX: wholeNumber(1, 100_000).default(SESSIONS_MAX),
});

/** Reads the collector's configuration; throws one line for every bad variable. */
export function collectorConfig(env: Environment): CollectorConfig {
  const read = readEnvironment(env, environment, {
    JICHAO_LINK_HOST: "监听地址,例如 0.0.0.0 (an address to listen on)",
    JICHAO_LINK_PORT: "0 到 65535 的端口号 (a port number)",
    JICHAO_LINK_TLS: "on 或 off (on or off)",
    JICHAO_LINK_TLS_PORT: "0 到 65535 的端口号 (a port number)",
    JICHAO_LINK_TLS_CERT: "证书文件的路径 (the path of a certificate in PEM)",
    JICHAO_LINK_TLS_KEY: "私钥文件的路径 (the path of its private key in PEM)",
    JICHAO_CAPTURE_MB: "0 到 1000000 的整数 (a whole number)",
    JICHAO_ADMISSIONS_PER_SECOND: "1 到 10000 的整数 (a whole number)",
    JICHAO_COLLECTOR_HTTP_HOST: "监听地址,例如 127.0.0.1 (an address to listen on)",
    JICHAO_COLLECTOR_HTTP_PORT: "0 到 65535 的端口号 (a port number)",
    JICHAO_METRICS_TOKEN: "至少 16 个字符的令牌 (a token of at least 16 characters)",
    JICHAO_COLLECTOR_ID: "不超过 32 个字母、数字、点或横线的名称 (a name of at most 32 letters, digits, dots, dashes)",
    JICHAO_READ_INTERVAL_SECONDS: "1 到 86400 的秒数 (seconds)",
    JICHAO_EXCHANGE_TIMEOUT_MS: "50 到 60000 的毫秒数 (milliseconds)",
    JICHAO_LINK_TIMEOUT_MS: "100 到 60000 的毫秒数 (milliseconds)",
    JICHAO_HEARTBEAT_SECONDS: "1 到 3600 的秒数 (seconds)",
    JICHAO_LEGACY_SILENCE_SECONDS: "1 到 86400 的秒数 (seconds)",
    JICHAO_REGISTRATION_MS: "100 到 60000 的毫秒数 (milliseconds)",
    JICHAO_STRANGERS_MAX: "1 到 100000 的整数 (a whole number)",
    JICHAO_STRANGERS_PER_SOURCE_MAX: "1 到 100000 的整数 (a whole number)",
    JICHAO_SESSIONS_MAX: "1 到 100000 的整数 (a whole number)",
  });
  return {
    linkHost: read.JICHAO_LINK_HOST,
    linkPort: read.JICHAO_LINK_PORT,
    linkTls: linkTls(read),
    doorHost: read.JICHAO_COLLECTOR_HTTP_HOST,
    doorPort: read.JICHAO_COLLECTOR_HTTP_PORT,
    metricsToken: read.JICHAO_METRICS_TOKEN,
    collectorId: read.JICHAO_COLLECTOR_ID,
    readIntervalMs: read.JICHAO_READ_INTERVAL_SECONDS * SECOND_MS,
    replyAllowanceMs: read.JICHAO_EXCHANGE_TIMEOUT_MS,
    linkAllowanceMs: read.JICHAO_LINK_TIMEOUT_MS,
    heartbeatSeconds: read.JICHAO_HEARTBEAT_SECONDS,
    legacySilenceMs: read.JICHAO_LEGACY_SILENCE_SECONDS * SECOND_MS,
    registrationMs: read.JICHAO_REGISTRATION_MS,
    strangersMax: read.JICHAO_STRANGERS_MAX,
    strangersPerSourceMax: read.JICHAO_STRANGERS_PER_SOURCE_MAX,
    sessionsMax: read.JICHAO_SESSIONS_MAX,
    captureMb: read.JICHAO_CAPTURE_MB,
    admissionsPerSecond: read.JICHAO_ADMISSIONS_PER_SECOND,
  };
}

function linkTls(read: z.output<typeof environment>): CollectorConfig["linkTls"] {
  if (read.JICHAO_LINK_TLS === "off") return null;
  const { JICHAO_LINK_TLS_CERT: certFile = null, JICHAO_LINK_TLS_KEY: keyFile = null } = read;
  if ((certFile === null) !== (keyFile === null)) {
    throw new Error(
      "环境变量 JICHAO_LINK_TLS_CERT 与 JICHAO_LINK_TLS_KEY 须同时设置 (a certificate and its key go together)",
    );
  }
  return { port: read.JICHAO_LINK_TLS_PORT, certFile, keyFile };
}

/** The host's name: the same after every restart, so a collector finds its own leases again. */
function defaultCollectorId(): string {
  return (
    hostname()
      .replace(/[^\w.-]/g, "-")
      .slice(0, 32) || "collector"
  );
}
