import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Refused } from "./release/steps.ts";

/** How somebody names an administrator of the database server: an address, or a file that holds one. */
export type AdminAsked = { admin?: string | undefined; "admin-file"?: string | undefined };

/**
 * The address of an administrator of the database server, `mysql://user:password@host:3306`; null when nobody was named. Every user of a machine reads the
 * arguments of its processes, so a password among them is refused, but on trial. `ask`: asks the person at the terminal for the password that an address
 * leaves out; null where nobody is there to answer, and then the address is taken as it is.
 */
export async function adminAddress(
  asked: AdminAsked,
  { isTrial, ask }: { isTrial: boolean; ask: ((question: string) => Promise<string>) | null },
): Promise<string | null> {
  const { admin, "admin-file": file } = asked;
  if (admin !== undefined && file !== undefined)
    throw new Refused("--admin 与 --admin-file 只能给一个", "give --admin or --admin-file, not both");
  if (file !== undefined) return addressIn(file);
  if (admin === undefined) return null;
  const [, before, user = "", after = ""] = ADDRESS.exec(admin) ?? [];
  if (before === undefined) throw wrongAddress();
  if (user.includes(":")) {
    if (isTrial) return admin;
    throw new Refused(
      "命令行上的密码,本机每个用户都看得到,也会留在记录里。请去掉密码(mysql://用户@主机:3306,随后会问),或写进只有自己可读的文件:--admin-file 文件。这个密码请更换",
      "a password on the command line can be read by every user of this machine, and stays in its logs. Leave it out (mysql://USER@HOST:3306; it is asked for), or write the address into a file that only you can read: --admin-file FILE. Change that password",
    );
  }
  const password = ask === null ? "" : await ask(`数据库用户 ${user} 的密码 password of ${user}: `);
  return password === "" ? admin : `${before}${user}:${encodeURIComponent(password)}@${after}`;
}

/** The servers of a cluster stand behind the user with commas between, so this is no URL. */
const ADDRESS = /^((?:mysql|mariadb):\/\/)([^@/]+)@(.+)$/;

function addressIn(path: string): string {
  const file = openSync(path, "r");
  try {
    const found = fstatSync(file);
    if (found.isFile() && (found.mode & 0o077) !== 0)
      throw new Refused(`别人也能读 ${path}。请先 chmod 600`, `others can read ${path}; chmod 600 it first`);
    const address = readFileSync(file, "utf8").trim();
    if (!ADDRESS.test(address)) throw wrongAddress();
    return address;
  } finally {
    closeSync(file);
  }
}

function wrongAddress(): Refused {
  return new Refused(
    "数据库管理员的地址应为 mysql://用户@主机:3306",
    "the address of an administrator is mysql://USER@HOST:3306",
  );
}

/** Asks at the terminal without showing what is typed; null where there is no terminal. */
export function terminal(): ((question: string) => Promise<string>) | null {
  if (!process.stdin.isTTY) return null;
  return async (question) => {
    process.stderr.write(question);
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const asking = createInterface({ input: process.stdin, output: silent, terminal: true });
    // Ctrl-C and the end of input: nobody answered, so nothing is begun.
    const gone = new AbortController();
    asking.once("SIGINT", () => gone.abort());
    asking.once("close", () => gone.abort());
    try {
      return await asking.question("", { signal: gone.signal });
    } catch {
      throw new Refused("没有输入密码,未作改动", "no password was typed; nothing was changed");
    } finally {
      asking.close();
      process.stderr.write("\n");
    }
  };
}
