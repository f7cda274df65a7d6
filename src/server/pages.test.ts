import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase } from "#store/test-databases.ts";
import { testApp } from "./test-town.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let app: FastifyInstance;
let webDir: string;

beforeAll(async () => {
  db = await freshDatabase("sqlite");
  webDir = await mkdtemp(join(tmpdir(), "jichao-web-"));
  app = await testApp(db, { webDir });
});
afterAll(async () => {
  await app.close();
  await db.drop();
  await rm(webDir, { recursive: true });
});

function nonceIn(policy: unknown): string {
  return /'nonce-([^']+)'/.exec(String(policy))?.[1] ?? "";
}

test("before the console is built a plain page says so in two languages and looks again by itself", async () => {
  const answer = await app.inject("/");
  expect(answer.statusCode).toBe(503);
  expect(answer.body).toContain("管理页面尚未生成");
  expect(answer.body).toContain("has not been built");
  expect(answer.body).toContain('http-equiv="refresh"');
  expect(answer.body).toContain(`<style nonce="${nonceIn(answer.headers["content-security-policy"])}">`);
});

test("once it is built, without a restart, every path of the console gets index.html with a fresh nonce", async () => {
  await mkdir(join(webDir, "assets"));
  await writeFile(join(webDir, "index.html"), '<!doctype html><meta name="csp" content="__CSP_NONCE__"><p>集抄');
  await writeFile(join(webDir, "assets", "main-abc123.js"), "export {};");
  await writeFile(join(webDir, "favicon.svg"), "<svg/>");
  const nonces = new Set<string>();
  for (const url of ["/", "/index.html", "/meters/11?tab=frames", "/recharges"]) {
    const answer = await app.inject(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(answer.headers["cache-control"]).toBe("no-store");
    const nonce = nonceIn(answer.headers["content-security-policy"]);
    expect(answer.body).toBe(`<!doctype html><meta name="csp" content="${nonce}"><p>集抄`);
    nonces.add(nonce);
  }
  expect(nonces.size).toBe(4);
});

test("only a server that was started for developers tells its pages that their states may be forced", async () => {
  const own = await mkdtemp(join(tmpdir(), "jichao-web-"));
  await writeFile(join(own, "index.html"), "<!doctype html><head><title>集抄</title></head><p>集抄");
  const bodyOf = async (forcedStates: boolean) => {
    const one = await testApp(db, { webDir: own, forcedStates });
    const { body } = await one.inject("/records?force=empty");
    await one.close();
    return body;
  };
  expect(await bodyOf(false)).not.toContain("forced-states");
  expect(await bodyOf(true)).toContain('<title>集抄</title><meta name="forced-states" content="allowed"></head>');
  await rm(own, { recursive: true });
});

test("a page carries the whole policy and the other headers", async () => {
  const { headers } = await app.inject("/");
  expect(
    String(headers["content-security-policy"])
      .replace(/nonce-[^']+/, "nonce-X")
      .split("; "),
  ).toEqual([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'nonce-X'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]);
  expect(headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-request-id": expect.any(String),
  });
  expect(headers).not.toHaveProperty("strict-transport-security");
});

test("refusals and data of the API carry the headers too, may run nothing and are not stored", async () => {
  for (const url of ["/api/health", "/api/nothing", "/api/board"]) {
    const { headers } = await app.inject(url);
    expect(headers).toMatchObject({
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
  }
});

test("files with a hash in their name are kept for ever, others are asked for again", async () => {
  const hashed = await app.inject("/assets/main-abc123.js");
  expect(hashed.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  expect(hashed.headers["content-type"]).toMatch(/javascript/);
  const plain = await app.inject("/favicon.svg");
  expect(plain.headers["cache-control"]).toBe("public, max-age=0");
  const again = await app.inject({ url: "/favicon.svg", headers: { "if-none-match": String(plain.headers.etag) } });
  expect(again.statusCode).toBe(304);
});

test.each(["/assets/../../secret.txt", "/..%2f..%2fetc%2fpasswd.txt", "/.git/config.txt", "/%00.js", "/assets/"])(
  "%s gives no file",
  async (url) => {
    const answer = await app.inject(url);
    expect(answer.body).not.toMatch(/root:|\[core\]/);
    if (answer.statusCode === 200) expect(answer.body).toContain("集抄");
    else expect(answer.json().code).toMatch(/not_found|invalid_input/);
  },
);

test("files and large data are compressed for who can read that, and mean the same", async () => {
  const text = "export const 集抄 = 1;\n".repeat(1_000);
  await writeFile(join(webDir, "assets", "large-abc123.js"), text);
  for (const accept of ["gzip, br", "br;q=1, gzip;q=0.5"]) {
    const answer = await app.inject({ url: "/assets/large-abc123.js", headers: { "accept-encoding": accept } });
    expect(answer.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding" });
    expect(gunzipSync(answer.rawPayload).toString()).toBe(text);
    expect(answer.rawPayload.length).toBeLessThan(2_000);
  }
  for (const accept of ["br", "gzip;q=0", ""]) {
    const answer = await app.inject({ url: "/assets/large-abc123.js", headers: { "accept-encoding": accept } });
    expect(answer.headers).not.toHaveProperty("content-encoding");
    expect(answer.body).toBe(text);
  }
});

test("HEAD is answered like GET, without a body", async () => {
  const answer = await app.inject({ method: "HEAD", url: "/" });
  expect([answer.statusCode, answer.body]).toEqual([200, ""]);
});
