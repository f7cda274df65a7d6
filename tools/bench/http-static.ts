import { createInterface } from "node:readline";
import cookie from "@fastify/cookie";
import Fastify from "fastify";
import { addCompression } from "#server/compression.ts";
import { addSecurity } from "#server/security.ts";

/**
 * The floor of `http`, a program of its own: the HTTP side of the server with its headers and compression, answering what it was told to
 * answer. It reads one JSON line `{ "<name>": <text of an answer>, … }` and prints the port on which `/api/<name>` gives these texts.
 */
for await (const line of createInterface({ input: process.stdin })) {
  const app = Fastify({ logger: false });
  await app.register(cookie);
  addSecurity(app);
  addCompression(app);
  for (const [name, text] of Object.entries(JSON.parse(line) as Record<string, string>)) {
    app.get(`/api/${name}`, (_, reply) => reply.type("application/json; charset=utf-8").send(text));
  }
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  console.log(new URL(address).port);
}
