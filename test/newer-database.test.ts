import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { freshDatabase, testDatabases } from "#store/test-databases.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

const jichao = fileURLToPath(new URL("../src/cli/jichao.ts", import.meta.url));
const gone: (() => unknown)[] = [];
afterEach(async () => {
  for (const remove of gone.splice(0).reverse()) await remove();
});

describe.each(testDatabases)("$name", ({ name, available }) => {
  test.skipIf(!available)(
    "programs end when a newer one upgrades their database, and start again only on what they get along with",
    async () => {
      const db = await freshDatabase(name);
      const data = mkdtempSync(join(tmpdir(), "jichao-newer-"));
      gone.push(
        () => rmSync(data, { recursive: true, force: true }),
        () => db.drop(),
      );
      const http = await freePort();
      const run = (...args: string[]) => {
        const env = {
          ...process.env,
          ...{ JICHAO_DATA: data, JICHAO_DB: db.url, JICHAO_HTTP_PORT: String(http), JICHAO_BACKUP_KEY_FILE: "" },
        };
        const child = spawn(process.execPath, [jichao, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
        let text = "";
        for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk));
        const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
        gone.push(() => child.kill("SIGKILL"));
        return { child, ended, text: () => text };
      };
      const answers = () =>
        until("the server", () =>
          fetch(`http://127.0.0.1:${http}/api/health`).then(
            (answer) => answer.ok,
            () => false,
          ),
        );
      const mark = (olderCanRun: number) =>
        db.transact((tx) =>
          sql`insert into migration (name, older_can_run, made_by, ended)
            values (${`900${olderCanRun}_of_tomorrow`}, ${olderCanRun}, '9.9.9', 1)`.execute(tx),
        );

      await mark(1);
      const server = run("server");
      await answers();
      const backup = run("backup");
      expect(await backup.ended, backup.text()).toBe(0);
      expect(backup.text()).toContain('"checked":"read"');
      const doctor = run("doctor", "--json");
      await doctor.ended;
      expect(doctor.text()).toContain("9001_of_tomorrow");

      await mark(0);
      expect(await server.ended).toBe(1);
      expect(server.text()).toMatch(/9\.9\.9[\s\S]*9000_of_tomorrow/);
      const again = run("server");
      expect(await again.ended).toBe(1);
      expect(again.text()).toContain("jichao release rollback");
    },
    60_000,
  );
});
