import { unlock } from "#flows/login-lock.ts";
import { resetSecondFactor } from "#flows/second-factor.ts";
import { userForLogin } from "#store/users.ts";
import type { Environment } from "#system/environment.ts";
import { standUp } from "./programs.ts";

const USAGE = `用法 usage: jichao login unlock <账号 name> | --address <地址 address>
             jichao login reset-factor <账号 name> --reason <原因 reason>`;

/**
 * `jichao login unlock` forgets wrong passwords of a name or an address, so that whoever sits at the host is never shut out for long; `reset-factor` takes the
 * second factor of somebody away who has lost it, also of the last administrator. Both are audited.
 */
export async function loginCommand(args: readonly string[], env: Environment): Promise<number> {
  const [what, name = "", flag, value = ""] = args;
  const isUnlock = what === "unlock" && name !== "" && (name !== "--address" || flag !== undefined);
  const isReset = what === "reset-factor" && name !== "" && flag === "--reason" && value !== "";
  if (!isUnlock && !isReset) {
    console.error(USAGE);
    return 2;
  }
  const footing = await standUp("login", env, "warn");
  try {
    if (isUnlock) {
      const did = await unlock(footing, name === "--address" ? { ip: flag ?? "" } : { login: name }, "host");
      console.log(did ? "已解除 unlocked" : "没有被锁定 was not locked");
      return 0;
    }
    const user = await userForLogin(footing.db.read, name);
    if (user === null) {
      console.error(`没有账号 there is nobody called ${name}`);
      return 1;
    }
    await resetSecondFactor(footing, null, { userId: user.id, reason: value, ip: "" });
    console.log("已重置,该账号的登录已全部结束 reset; all sessions of that account have ended");
    return 0;
  } finally {
    await footing.end();
  }
}
