import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What happens to the statement at which the way breaks: it is lost with its connection, or passed on. */
export type Strike = (lose: () => void, passOn: () => void) => void;

/** A way to a database of the MySQL family. */
export type FragileWay = {
  url: string;
  /** Statements since the last call of breakAfter. */
  passed(): number;
  breakAfter(statements: number, how?: Strike): void;
  close(): void;
};

/** A way to the database that breaks when so many statements have passed: to the server it is a client that was killed. */
export async function fragileWay(to: URL): Promise<FragileWay> {
  let left = Number.POSITIVE_INFINITY;
  let passed = 0;
  let strike: Strike = (lose) => lose();
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect(Number(to.port), to.hostname);
    for (const each of [client, database]) {
      open.add(each);
      each.on("error", () => {});
      each.on("close", () => {
        open.delete(each);
        client.destroy();
        database.destroy();
      });
    }
    database.on("data", (bytes) => client.write(bytes));
    client.on("data", (bytes: Buffer) => {
      if (bytes[4] === COM_QUERY) passed++;
      if (bytes[4] === COM_QUERY && --left < 0)
        strike(
          () => client.destroy(),
          () => database.write(bytes),
        );
      else database.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const way = new URL(to);
  way.port = String((server.address() as AddressInfo).port);
  return {
    url: way.href,
    passed: () => passed,
    breakAfter(statements, how = (lose) => lose()) {
      left = statements;
      passed = 0;
      strike = how;
    },
    close() {
      for (const each of open) each.destroy();
      server.close();
    },
  };
}
const COM_QUERY = 3;
