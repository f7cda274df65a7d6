import { assert } from "#base/errors.ts";

/** One server of the MySQL family. */
export type MysqlHost = { readonly host: string; readonly port: number };

/** A database and where it is: on one server, or on the nodes of a cluster in the order in which they are preferred. */
export type MysqlAddress = {
  readonly hosts: readonly [MysqlHost, ...MysqlHost[]];
  readonly user: string;
  readonly password: string;
  readonly database: string;
};

/** What mysql2 wants to know in order to reach one of the hosts. */
export type MysqlLogin = { host: string; port: number; user: string; password: string; database?: string };

const MYSQL_PORT = 3306;
/** More nodes than any cluster that writes everything everywhere should have. */
const HOSTS_MAX = 9;
const OPTIONS =
  "a MySQL address has no options after ? or #: the connection is not encrypted, so use a private network or a tunnel; such signs in a password are written %3F, %23";
const FORM = "a MySQL address is mysql://user:password@host:port,host:port/name";

/** The parts of `mysql://user:password@host:port/name`, or of a list `…@host:port,host:port,host:port/name`. */
export function mysqlAddress(url: string): MysqlAddress {
  const { authority, database } = parts(url);
  assert(database !== "", FORM);
  return { ...authority, database };
}

/** The same for an administrator, who needs no database: `name` takes its place. */
export function mysqlServers(url: string, name: string): MysqlAddress {
  return { ...parts(url).authority, database: name };
}

/** How to log in to one of the hosts. */
export function loginAt(address: MysqlAddress, { host, port }: MysqlHost): MysqlLogin {
  return { host, port, user: address.user, password: address.password, database: address.database };
}

/** The address of a user in a database, on the same hosts. */
export function mysqlUrl(address: MysqlAddress): string {
  const [user, password, database] = [address.user, address.password, address.database].map(encodeURIComponent);
  return `mysql://${user}:${password}@${address.hosts.map(hostName).join()}/${database}`;
}

/** `10.0.0.1:3306`, as it stands in the address. */
export function hostName({ host, port }: MysqlHost): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function parts(url: string) {
  // Whoever writes ?ssl=true believes that nobody listens: better no connection than one in the clear.
  assert(!/[?#]/.test(url), OPTIONS);
  const [, whole = "", path = ""] = /^(?:mysql|mariadb):\/\/([^/?#]*)(?:\/([^?#]*))?/.exec(url) ?? [];
  const at = whole.lastIndexOf("@");
  const login = whole.slice(0, Math.max(at, 0));
  const colon = login.includes(":") ? login.indexOf(":") : login.length;
  const [first, ...others] = whole
    .slice(at + 1)
    .split(",")
    .map(hostIn);
  assert(first !== undefined && others.length < HOSTS_MAX, FORM);
  const names = [first, ...others].map(hostName);
  assert(new Set(names).size === names.length, "each host stands once in a MySQL address");
  const authority = {
    hosts: [first, ...others] as const,
    user: decodeURIComponent(login.slice(0, colon)),
    password: decodeURIComponent(login.slice(colon + 1)),
  };
  return { authority, database: decodeURIComponent(path) };
}

function hostIn(text: string): MysqlHost {
  const found = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  assert(found !== null, FORM);
  return { host: found[1] ?? found[2] ?? "", port: Number(found[3] ?? MYSQL_PORT) };
}
