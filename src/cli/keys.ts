import { parseArgs } from "node:util";
import { formatInstant, instant } from "#base/time.ts";
import { requestKeyChanges } from "#flows/meter-keys.ts";
import { resealEverything, sealedByOldKey } from "#flows/reseal.ts";
import { abandonRootKey, activateRootKey, type KeyActor, prepareRootKey } from "#flows/root-keys.ts";
import { OPEN_STATES } from "#store/commands.ts";
import { meterKeyCounts, rootKeyRows } from "#store/keys.ts";
import { type Environment, installationConfig } from "#system/environment.ts";
import { replaceMasterKeyFile, retireOldMasterKeyFile } from "#system/seal.ts";
import { type Footing, standUp } from "./programs.ts";

const USAGE = `用法 usage:
  jichao keys status                                                密钥版本与进度 versions and how far the meters are
  jichao keys prepare           --by 姓名NAME --reason 原因REASON      轮换第一步:生成新根密钥 first step: make the next root key
  jichao keys activate --version N --by 另一人ANOTHER --reason …      第二步:启用,并要求各表更换 second step: activate it, ask the meters to change
  jichao keys rotate            --by … --reason …                   再次要求尚未更换的表计 ask those again that have not changed
  jichao keys abandon --version N --by … --reason …                 放弃未启用的根密钥 give a prepared key up
  jichao keys reseal [--new-master-key] --by … --reason …           用新主密钥重新封存全部密钥 seal everything by the present (or a new) master key`;

type Step = (footing: Footing, who: KeyActor, version: number) => Promise<object>;

const STEPS: Readonly<Record<string, Step>> = {
  prepare: (on, who) => prepareRootKey(on, on.sealer, on.security, who),
  async activate(on, who, version) {
    await activateRootKey(on, on.security, version, who);
    return requestKeyChanges(on, who);
  },
  rotate: (on, who) => requestKeyChanges(on, who),
  async abandon(on, who, version) {
    await abandonRootKey(on, version, who);
    return { abandoned: version };
  },
};

/** `jichao keys`: what there is of keys, and their rotation. Only on the host itself: nothing on the web can do it. */
export async function keysCommand(args: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      by: { type: "string", default: "" },
      reason: { type: "string", default: "" },
      version: { type: "string", default: "" },
      "new-master-key": { type: "boolean", default: false },
    },
  });
  const [verb = "status"] = positionals;
  const step = STEPS[verb];
  const needsVersion = verb === "activate" || verb === "abandon";
  const isKnown = step !== undefined || verb === "status" || verb === "reseal";
  const lacks = verb !== "status" && (values.by === "" || values.reason === "");
  if (!isKnown || lacks || (needsVersion && !/^\d{1,3}$/.test(values.version))) {
    console.error(USAGE);
    return 2;
  }
  if (verb === "reseal") return reseal(env, values, values["new-master-key"]);
  const footing = await standUp("keys", env, "warn");
  try {
    const told = step ? await step(footing, values, Number(values.version)) : await status(footing);
    console.log(JSON.stringify(told, null, 2));
    return 0;
  } finally {
    await footing.end();
  }
}

async function status(footing: Footing): Promise<object> {
  const { db, sealer, security } = footing;
  const meters = await meterKeyCounts(db.read);
  const commands = await db.read
    .selectFrom("command")
    .select((eb) => ["state", eb.fn.countAll<number>().as("count")])
    .where("kind", "=", "change_key")
    .where("state", "in", [...OPEN_STATES])
    .groupBy("state")
    .execute();
  return {
    securityModule: security.where,
    rootKeys: (await rootKeyRows(db.read)).map((row) => ({
      version: row.version,
      state: row.state,
      check: row.check_value,
      kept: row.sealed === null ? "external" : "sealed in the database",
      made: `${formatInstant(instant(row.made_at))} ${row.made_by}`,
      meters: meters.find((each) => each.version === row.version)?.meters ?? 0,
      metersInDoubt: meters.find((each) => each.version === row.version)?.inDoubt ?? 0,
    })),
    changesOpen: Object.fromEntries(commands.map((row) => [row.state, Number(row.count)])),
    sealedByOldMasterKey: await sealedByOldKey(footing, sealer),
  };
}

/** With the key in a file, `--new-master-key` makes it; with the key in the environment, the new one is there already. */
async function reseal(env: Environment, who: KeyActor, makesNew: boolean): Promise<number> {
  const { dataDir, masterKey } = installationConfig(env);
  if (makesNew && masterKey !== undefined) {
    console.error("主密钥由 JICHAO_MASTER_KEY 给出:请在那里换新值,并把旧值放入 JICHAO_MASTER_KEY_OLD");
    console.error(
      "The master key comes from JICHAO_MASTER_KEY: change it there and put the old one into JICHAO_MASTER_KEY_OLD",
    );
    return 2;
  }
  if (makesNew) {
    await (await standUp("keys", env, "warn")).end(); // opens the database and makes sure that there is a key to replace
    replaceMasterKeyFile(dataDir);
  }
  const footing = await standUp("keys", env, "warn");
  try {
    const told = await resealEverything(footing, footing.sealer, who);
    const left = await sealedByOldKey(footing, footing.sealer);
    const retired = left === 0 && masterKey === undefined ? retireOldMasterKeyFile(dataDir, footing.clock()) : null;
    console.log(JSON.stringify({ ...told, left, ...(retired === null ? {} : { retired }) }));
    return left === 0 ? 0 : 1;
  } finally {
    await footing.end();
  }
}
