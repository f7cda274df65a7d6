import type { Bytes } from "#protocol/bytes.ts";
import { type KeyUpdate, keyCheck, type ProtectedKey, protectKey } from "#protocol/dlt645/meter-key.ts";
import { meterKey, type TopUp, topUpMac } from "#protocol/dlt645/prepay.ts";
import { nodeCiphers } from "./crypto.ts";

/** Which key is meant: of this meter (12 digits), derived from the root key (根密钥) of this version. */
export type KeyOf = { address: string; version: number };

type Asked = {
  /** Check value (校验值) of a root key; null when there is none of that version. */
  rootCheck(version: number): Promise<string | null>;
  /** Check value of a meter's key, to compare with what the meter tells. */
  keyCheck(of: KeyOf): Promise<string | null>;
  /** The 8 bytes that protect one top-up. */
  topUpMac(of: KeyOf & { topUp: TopUp }): Promise<Bytes | null>;
  /** A meter's next key, under its present one. */
  protectKey(of: { address: string; update: KeyUpdate }): Promise<ProtectedKey | null>;
  /** Lets go of connections. */
  close(): void;
};

/**
 * A security module (密码机, HSM): holds the root keys and makes what they protect. Nothing that it is asked for gives a key away, and
 * it is never handed bytes to protect, only what is meant by them. Null: it has no root key of that version. Throws
 * {@link ModuleUnavailable} when it cannot be asked; whoever asked waits and asks again.
 */
export type SecurityModule =
  | (Asked & { where: "built_in" })
  | (Asked & {
      where: "external";
      /** Makes a root key inside the module and tells its check value; the same version again makes nothing new. */
      makeRootKey(version: number): Promise<string>;
    });

/** The security module did not answer, or could not prove who it is. */
export class ModuleUnavailable extends Error {
  constructor(why: string, options?: { cause?: unknown }) {
    super(`the security module (JICHAO_HSM) cannot be asked: ${why}`, options as ErrorOptions);
    this.name = "ModuleUnavailable";
  }
}

const RECHARGE_USAGE = 1;

/** The check value of a root key, which people compare. */
export function rootKeyCheck(rootKey: Bytes): string {
  return keyCheck(nodeCiphers, rootKey);
}

/** The module inside this program: root keys come from `load` and stay in memory. A version that was not there is asked for again. */
export function builtInModule(
  load: (version: number) => Promise<Bytes | null>,
): Extract<SecurityModule, { where: "built_in" }> {
  const known = new Map<number, Bytes>();

  async function root(version: number): Promise<Bytes | null> {
    const key = known.get(version) ?? (await load(version));
    if (key !== null) known.set(version, key);
    return key;
  }

  async function keyOf({ address, version }: KeyOf): Promise<Bytes | null> {
    const key = await root(version);
    return key && meterKey(nodeCiphers, key, RECHARGE_USAGE, address);
  }

  return {
    where: "built_in",
    async rootCheck(version) {
      const key = await root(version);
      return key && rootKeyCheck(key);
    },
    async keyCheck(of) {
      const key = await keyOf(of);
      return key && keyCheck(nodeCiphers, key);
    },
    async topUpMac({ address, version, topUp }) {
      const key = await keyOf({ address, version });
      return key && topUpMac(nodeCiphers, key, address, topUp);
    },
    async protectKey({ address, update }) {
      const present = await keyOf({ address, version: update.from });
      const next = await keyOf({ address, version: update.to });
      return present && next && protectKey(nodeCiphers, { present, next }, address, update);
    },
    close() {
      known.clear();
    },
  };
}
