import { createWriteStream } from "node:fs";
import { arch, cpus, freemem, loadavg, platform, release, totalmem, uptime } from "node:os";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Environment } from "#system/environment.ts";
import { tarOf } from "#system/tar.ts";
import { packageVersion } from "#system/version.ts";
import type { Finding } from "./finding.ts";

/** Variables whose values say nothing about anybody; of all others only the name is told. */
const TOLD =
  /^JICHAO_(HTTP_PORT|LINK_PORT|COLLECTOR_HTTP_PORT|READ_INTERVAL_SECONDS|EXCHANGE_TIMEOUT_MS|LINK_TIMEOUT_MS|HEARTBEAT_SECONDS|LEGACY_SILENCE_SECONDS|REGISTRATION_MS|STRANGERS_MAX|STRANGERS_PER_SOURCE_MAX|SESSIONS_MAX|LINK_TLS|LOG|SIMULATOR)$/;
/**
 * Writes the diagnostic bundle (诊断包): what a stranger needs to help, as files of JSON in a tar.gz. It is made of lists of what may be in it, so nothing gets into
 * it by mistake: no secret, no name, no number, no address.
 */
export async function writeBundle(
  file: string,
  about: { env: Environment; findings: readonly Finding[]; database: Record<string, unknown> | null; now: number },
): Promise<void> {
  const { env, findings, database, now } = about;
  const variables = Object.entries(env).filter(([name, value]) => name.startsWith("JICHAO_") && value !== undefined);
  const parts: Record<string, unknown> = {
    "about.json": {
      version: packageVersion(),
      at: new Date(now).toISOString(),
      node: process.versions.node,
      system: `${platform()} ${release()} ${arch()}`,
      cpus: cpus().length,
      memoryBytes: totalmem(),
      freeBytes: freemem(),
      load: loadavg(),
      uptimeSeconds: Math.round(uptime()),
    },
    "environment.json": Object.fromEntries(
      variables.map(([name, value]) => [name, TOLD.test(name) ? value : `(set, ${fingerprint(value ?? "")})`]),
    ),
    // The sentences may hold paths; checks and states do not.
    "doctor.json": findings.map(({ check, state, why, todo }) => ({
      check,
      state,
      why: harmless(why[1]),
      todo: harmless(todo?.[1] ?? ""),
    })),
    ...(database === null ? {} : { "database.json": database }),
  };
  async function* entries() {
    for (const [name, value] of Object.entries(parts)) {
      yield { name, content: Buffer.from(`${JSON.stringify(value, null, 1)}\n`) };
    }
  }
  await pipeline(
    Readable.from(tarOf(entries(), now)),
    createGzip(),
    createWriteStream(file, { flags: "wx", mode: 0o600 }),
  );
}

/** Only how long a value is: enough to see that it is there, or was cut off. */
function fingerprint(value: string): string {
  return `${value.length} characters`;
}

/** Paths and addresses are the customer's. */
function harmless(text: string): string {
  return text.replace(/(?:[a-z]+:\/\/\S+|(?:\/[\w.-]+){2,})/gi, "…");
}
