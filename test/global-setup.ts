import { startSharedMariadb } from "./mariadb.ts";

/** One MariaDB for all test files of a run, where one can be had. */
export default async function setup(): Promise<() => Promise<void>> {
  const server = await startSharedMariadb();
  return async () => server?.stop();
}
