import { once } from "node:events";
import { expect, test } from "vitest";
import { openConnection } from "./connection.ts";

test("an event is one line of JSON after `data:`, and the stream says when to come back", async () => {
  const { stream, send } = openConnection();
  send({ type: "beat", asOf: 1 });
  await new Promise(setImmediate);
  expect(String(stream.read())).toBe('retry: 2000\n\ndata: {"type":"beat","asOf":1}\n\n');
});

test("a page that does not read is cut instead of filling the memory", async () => {
  const connection = openConnection();
  const closed = once(connection.stream, "close");
  for (let i = 0; i < 100_000 && !connection.closed(); i++) connection.send({ type: "beat", asOf: i });
  expect(connection.closed()).toBe(true);
  await closed;
  connection.send({ type: "beat", asOf: 0 });
});

test("an ended stream takes no more events", async () => {
  const connection = openConnection();
  connection.end();
  connection.end();
  connection.send({ type: "beat", asOf: 1 });
  const text: string[] = [];
  for await (const chunk of connection.stream) text.push(String(chunk));
  expect(text.join("")).toBe("retry: 2000\n\n");
  expect(connection.closed()).toBe(true);
});
