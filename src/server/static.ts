import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "#base/errors.ts";

/** What the console's index.html writes where the nonce of the request belongs. */
const NONCE_MARK = "__CSP_NONCE__";

/** Built files carry a hash of their content in their name, so they never change. */
const HASHED_FOLDER = "assets/";
const YEAR_MS = 365 * 24 * 3600 * 1000;

/** What the pages are: their files, and whether a developer may force the states of their lists. */
type Pages = { webDir: string; forcedStates: boolean };

/** Tells the console, and nothing else can, that its states may be forced. */
const FORCED_STATES = '<meta name="forced-states" content="allowed">';

/** Serves the console: built files as they are, and index.html for every other path, because the console has its own router. */
export async function addPages(app: FastifyInstance, { webDir, forcedStates }: Pages): Promise<void> {
  await app.register(fastifyStatic, {
    root: webDir,
    serve: false,
    dotfiles: "ignore",
    index: false,
    suppressWarning: true,
  });
  app.route({
    method: ["GET", "HEAD"],
    url: "/*",
    config: { access: ["public"] },
    handler: async (request, reply) => {
      const path = pathOf(request);
      if (path === "api" || path.startsWith("api/")) throw new AppError("not_found");
      if (!basename(path).includes(".") || path === "index.html") {
        const page = await readFile(join(webDir, "index.html"), "utf8").catch(() => null);
        return sendPage(
          request,
          reply,
          forcedStates ? (page?.replace("</head>", `${FORCED_STATES}</head>`) ?? null) : page,
        );
      }
      const hashed = path.startsWith(HASHED_FOLDER);
      return reply.sendFile(path, hashed ? { maxAge: YEAR_MS, immutable: true } : { maxAge: 0 });
    },
  });
}

function pathOf(request: FastifyRequest): string {
  const { params } = request;
  return typeof params === "object" && params !== null && "*" in params ? String(params["*"]) : "";
}

function sendPage(request: FastifyRequest, reply: FastifyReply, page: string | null): FastifyReply {
  reply.header("cache-control", "no-store").type("text/html; charset=utf-8");
  if (page === null)
    return reply.status(503).header("retry-after", "3").send(NOT_BUILT.replaceAll(NONCE_MARK, request.cspNonce));
  return reply.send(page.replaceAll(NONCE_MARK, request.cspNonce));
}

/** Stands in until the console is built; looks again by itself, without a script. */
const NOT_BUILT = `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="3">
<title>集抄 Jichao</title>
<style nonce="${NONCE_MARK}">body{font:16px/1.8 system-ui,sans-serif;margin:15vh auto;max-width:36em;padding:0 1em;color:#1f1f1f}</style>
<h1>集抄 Jichao</h1>
<p>管理页面尚未生成。服务器已在运行,页面生成后本页会自动打开。生成命令:<code>npm run build</code></p>
<p lang="en">The console has not been built yet. The server is running; this page opens the console by itself once it is there. To build it: <code>npm run build</code></p>
</html>
`;
