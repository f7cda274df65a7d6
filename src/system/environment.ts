import { z } from "zod";
import { type ModuleAddress, moduleAddress } from "./security-wire.ts";

/** Variables of the environment as they were given. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** For each variable, what it should have been, in both languages; told when it is something else. */
export type Expected<S extends z.ZodObject> = Readonly<Record<keyof z.output<S>, string>>;

/**
 * Reads a program's variables by a schema. A variable that is named but empty counts as not given. Throws one line for every bad
 * variable, never with its value: it may be a secret.
 */
export function readEnvironment<S extends z.ZodObject>(
  env: Environment,
  schema: S,
  expected: Expected<S>,
): z.output<S> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && value.trim() !== "") given[name] = value.trim();
  }
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const bad = new Set(read.error.issues.map((issue) => String(issue.path[0])));
  const lines = Object.entries(expected).filter(([name]) => bad.has(name));
  throw new Error(lines.map(([name, what]) => `环境变量 ${name} 有误,应为${String(what)}`).join("\n"));
}

/** A whole number written in digits, within limits. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max);
}

/** A token is not typed by people: short ones are refused. */
const TOKEN_CHARS_MIN = 16;

/** A token without spaces, long enough not to be guessed. */
export function longToken() {
  return z.string().min(TOKEN_CHARS_MIN).regex(/^\S+$/);
}

const installation = z.object({
  JICHAO_DATA: z.string().default("./data"),
  JICHAO_DB: z
    .string()
    .regex(/^(?:mysql|mariadb):\/\/[^/]+\/.+|^(?!(?:mysql|mariadb):).+/)
    .optional(),
  JICHAO_MASTER_KEY: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .optional(),
  JICHAO_MASTER_KEY_OLD: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/)
    .optional(),
  JICHAO_HSM: z
    .string()
    .refine((text) => text === "built-in" || moduleAddress(text) !== null)
    .default("built-in"),
  JICHAO_HSM_TOKEN: z.string().min(TOKEN_CHARS_MIN).optional(),
  JICHAO_LOG: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).optional(),
  JICHAO_FAULTS: z.string().optional(),
  JICHAO_BACKUP_DIR: z.string().optional(),
  JICHAO_BACKUP_KEY_FILE: z.string().optional(),
});

/** What every program of one installation shares. */
export type Installation = {
  readonly dataDir: string;
  /** `sqlite:/path/file.db` or `mysql://user:password@host:3306/name`; undefined for the file in the data folder. */
  readonly databaseUrl: string | undefined;
  /** 64 hexadecimal digits; undefined for the file `master.key` of the data folder. */
  readonly masterKey: string | undefined;
  /** The master key that is being replaced; undefined for `master.key.old` of the data folder, if there is one. */
  readonly oldMasterKey: string | undefined;
  /** Where an external security module listens; null for the one inside the program. */
  readonly hsm: ModuleAddress | null;
  readonly hsmToken: string | undefined;
  readonly logLevel: string | undefined;
  /** Fault points of a crash test. */
  readonly faults: string | undefined;
  /** Where backups are put; undefined for the folder `backups` of the data folder. */
  readonly backupDir: string | undefined;
  /** A file with the passphrase under which backups are encrypted; undefined: they are not. */
  readonly backupKeyFile: string | undefined;
};

/** Reads what every program shares. */
export function installationConfig(env: Environment): Installation {
  const read = readEnvironment(env, installation, {
    JICHAO_DATA: "数据目录 (a folder)",
    JICHAO_DB:
      "sqlite:/路径/文件.db 或 mysql://用户:密码@主机:3306/库名,集群写多个主机,用逗号分隔 (a database address; the hosts of a cluster separated by commas)",
    JICHAO_MASTER_KEY: "64 位十六进制数 (64 hexadecimal digits)",
    JICHAO_MASTER_KEY_OLD: "64 位十六进制数 (64 hexadecimal digits)",
    JICHAO_HSM: "built-in、unix:/路径 或 tcp:主机:端口 (built-in, or where a security module listens)",
    JICHAO_HSM_TOKEN: "至少 16 个字符的令牌 (a token of at least 16 characters)",
    JICHAO_LOG: "error、warn、info、debug 或 silent (a log level)",
    JICHAO_FAULTS: "名称=概率,… (name=probability,…)",
    JICHAO_BACKUP_DIR: "备份目录 (a folder)",
    JICHAO_BACKUP_KEY_FILE: "密钥文件的路径 (a file)",
  });
  return {
    dataDir: read.JICHAO_DATA,
    databaseUrl: read.JICHAO_DB,
    masterKey: read.JICHAO_MASTER_KEY,
    oldMasterKey: read.JICHAO_MASTER_KEY_OLD,
    hsm: moduleAddress(read.JICHAO_HSM),
    hsmToken: read.JICHAO_HSM_TOKEN,
    logLevel: read.JICHAO_LOG,
    faults: read.JICHAO_FAULTS,
    backupDir: read.JICHAO_BACKUP_DIR,
    backupKeyFile: read.JICHAO_BACKUP_KEY_FILE,
  };
}
