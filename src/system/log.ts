import { pino } from "pino";

/** A structured logger: fields first, then one past-tense sentence. Passed in, never imported as a global. */
export type Log = {
  error(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  info(fields: object, text: string): void;
  debug(fields: object, text: string): void;
  child(fields: object): Log;
};

/** Field names whose values never reach a log line. */
const SECRET_FIELDS = ["password", "passwordHash", "token", "cookie", "authorization", "key", "secret", "openid"];

/** The program's logger: JSON lines on standard error, or on standard output when `stream` says so. */
export function createLog(options: { program: string; level?: string }): Log {
  return pino(
    {
      level: options.level ?? "info",
      base: { program: options.program },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: "[hidden]" },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** A logger that says nothing: for tests and one-shot commands. */
export const silentLog: Log = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child: () => silentLog,
};
