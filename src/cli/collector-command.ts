import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { formatInstant, instant } from "#base/time.ts";
import { DOOR_PORT } from "#collector/config.ts";
import { makeCollectorKey, revokeCollectorKey } from "#flows/collector-keys.ts";
import { pause } from "#system/clock.ts";
import type { Environment } from "#system/environment.ts";
import { rename, replace, setCycle, setItems, setProtocol, testRead } from "./console/acts.ts";
import { type Client, consoleClient, Refused } from "./console/client.ts";
import { runFullScreen } from "./console/full-screen.ts";
import { CONCENTRATOR_HEAD, channelLine, concentratorLine, frameLines, meterLine } from "./console/lines.ts";
import { openScreen } from "./console/screen.ts";
import { standUp } from "./programs.ts";
import { shownJson, shownText } from "./shown-text.ts";

const USAGE = `用法 usage:
  jichao collector                                        启动抄表前置机 run the collector
  jichao collector key add NAME [--read-only]             新建控制台密钥(只显示一次) make a key, shown once
  jichao collector key list | key revoke NAME             列出、吊销 list or revoke keys
  jichao collector console --url http://HOST:${DOOR_PORT} --key-file FILE [命令 command] [--json]
      (无命令 none)                                        全屏终端 full screen
      list | show ID                                      集中器 concentrators; one with channels and meters
      set-cycle ID SECONDS|default [--bus N]              抄表周期 reading cycle
      set-items ID SET|default [--bus N | --meter M]      抄表方案 item set
      rename ID NAME [--bus N | --meter M]                改名 rename a concentrator, channel or meter
      set-protocol ID PROFILE --meter M --reason WHY      改规约 another model or protocol
      replace ID CODE --reason WHY [--link-key-file F]    更换集中器 another device in its place
      test-read METER                                     试抄 read a meter now
      frames ID [--follow]                                报文 frames on its buses`;

const FOLLOW_MS = 1_000;
const OVERLAP_MS = 5_000;

/** `jichao collector key …` on the host, and `jichao collector console …` over the network. Exit code 2: used wrongly; 1: refused. */
export async function collectorCommand(args: readonly string[], env: Environment): Promise<number> {
  const [what, ...rest] = args;
  if (what === "key") return keyCommand(rest, env);
  if (what === "console") return consoleCommand(rest);
  console.error(USAGE);
  return what === "help" || what === "--help" ? 0 : 2;
}

async function keyCommand(args: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { "read-only": { type: "boolean", default: false } },
  });
  const [verb, name = ""] = positionals;
  const isUsable = verb === "list" || (/^[\w-]{1,32}$/.test(name) && (verb === "add" || verb === "revoke"));
  if (!isUsable) {
    console.error(USAGE);
    return 2;
  }
  const footing = await standUp("collector-key", env, "warn");
  try {
    if (verb === "list") {
      const rows = await footing.db.read.selectFrom("collector_key").selectAll().orderBy("name").execute();
      for (const row of rows) {
        const used = row.used_at === 0 ? "未使用 unused" : formatInstant(instant(row.used_at));
        console.log(
          `${row.name}\t${row.revoked_at === null ? "有效 good" : "已吊销 revoked"}\t${used}\t${row.permissions}`,
        );
      }
      return 0;
    }
    if (verb === "revoke") {
      const isDone = await revokeCollectorKey(footing, name);
      console.log(isDone ? `已吊销 ${name} (revoked)` : `没有有效的密钥 ${name} (no good key of that name)`);
      return isDone ? 0 : 1;
    }
    const key = await makeCollectorKey(footing, { name, readOnly: values["read-only"] });
    if (key === null) {
      console.error(`名称 ${name} 已使用过 (the name was used before)`);
      return 1;
    }
    console.log(key);
    return 0;
  } finally {
    await footing.end();
  }
}

async function consoleCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      url: { type: "string", default: `http://127.0.0.1:${DOOR_PORT}` },
      "key-file": { type: "string" },
      json: { type: "boolean", default: false },
      follow: { type: "boolean", default: false },
      bus: { type: "string" },
      meter: { type: "string" },
      reason: { type: "string", default: "" },
      "link-key-file": { type: "string" },
    },
  });
  const file = values["key-file"];
  if (file === undefined) {
    console.error(USAGE);
    return 2;
  }
  const client = consoleClient(values.url, readFileSync(file, "utf8").trim());
  try {
    const [verb, ...words] = positionals;
    if (verb === undefined) {
      await fullScreen(client);
      return 0;
    }
    const command = COMMANDS[verb];
    const bus = values.bus === undefined ? null : Number(values.bus);
    const meterId = values.meter === undefined ? null : Number(values.meter);
    const { json, follow, reason, "link-key-file": linkKeyFile } = values;
    const linkKey = linkKeyFile === undefined ? null : readFileSync(linkKeyFile, "utf8").trim();
    const done = command && (await command({ client, words, bus, meterId, json, follow, reason, linkKey }));
    if (done !== undefined) return done;
    console.error(USAGE);
    return 2;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { code, message } = error;
    console.error(values.json ? shownJson({ code, message }) : shownText(message));
    return 1;
  }
}

async function fullScreen(client: Client): Promise<void> {
  await client.collectors(); // a wrong key or address is told before the screen is taken
  const screen = openScreen(process.stdin, process.stdout);
  try {
    await runFullScreen(client, screen);
  } finally {
    screen.close();
  }
}

type Given = {
  client: Client;
  words: readonly string[];
  bus: number | null;
  meterId: number | null;
  json: boolean;
  follow: boolean;
  reason: string;
  linkKey: string | null;
};

/** Undefined when it was used wrongly. */
type ConsoleCommand = (given: Given) => Promise<number | undefined>;

const COMMANDS: Readonly<Record<string, ConsoleCommand>> = {
  async list({ client, json }) {
    const list = await client.concentrators();
    return told(json, list, [CONCENTRATOR_HEAD, ...list.items.map(concentratorLine)]);
  },
  async show({ client, words, json }) {
    const seen = await client.concentrator(Number(words[0]));
    const lines = [concentratorLine(seen), ...seen.channels.map(channelLine), ...seen.meterList.map(meterLine)];
    return told(json, seen, lines);
  },
  async "set-cycle"({ client, words: [id, text], bus, json }) {
    const seconds = text === "default" ? null : Number(text);
    if (text === undefined || Number.isNaN(seconds)) return undefined;
    await setCycle(client, { id: Number(id), bus, seconds });
    return told(json, { id: Number(id), bus, readIntervalS: seconds }, ["已保存 saved"]);
  },
  async "set-items"({ client, words: [id, text], bus, meterId, json }) {
    const itemSetId = text === "default" ? null : Number(text);
    if (text === undefined || Number.isNaN(itemSetId)) return undefined;
    await setItems(client, { id: Number(id), bus, meterId, itemSetId });
    return told(json, { id: Number(id), bus, meterId, itemSetId }, ["已保存 saved"]);
  },
  async rename({ client, words: [id, name], bus, meterId, json }) {
    if (name === undefined) return undefined;
    await rename(client, { id: Number(id), bus, meterId, name });
    return told(json, { id: Number(id), bus, meterId, name }, ["已保存 saved"]);
  },
  async "set-protocol"({ client, words: [id, profile], meterId, reason, json }) {
    if (profile === undefined || meterId === null || reason === "") return undefined;
    await setProtocol(client, { id: Number(id), meterId, profile, address: null, reason });
    return told(json, { meterId, profile }, ["已保存 saved"]);
  },
  async replace({ client, words: [id, code], reason, linkKey, json }) {
    if (code === undefined || reason === "") return undefined;
    const made = await replace(client, { id: Number(id), code, linkKey, reason });
    return told(json, made, [made.linkKey === null ? "已保存 saved" : `链路密钥 link key: ${made.linkKey}`]);
  },
  async "test-read"({ client, words: [meter], json }) {
    if (meter === undefined) return undefined;
    const { command, tookMs } = await testRead(client, Number(meter));
    told(json, { ...command, tookMs }, [`${command.state} ${command.stateReason} ${tookMs} ms`]);
    return command.state === "confirmed" ? 0 : 1;
  },
  async frames({ client, words: [id], json, follow }) {
    const known = new Set<string>();
    for (let since = 0; ; ) {
      const { items } = await client.frames(Number(id), since);
      for (const frame of items) {
        const name = `${frame.meterId}/${frame.at}/${frame.slot}`;
        if (known.has(name)) continue;
        known.add(name);
        told(json, frame, frameLines(frame));
      }
      if (!follow) return 0;
      since = Math.max(0, (items.at(-1)?.at ?? since + OVERLAP_MS) - OVERLAP_MS);
      await pause(FOLLOW_MS);
    }
  },
};

function told(json: boolean, value: object, lines: readonly string[]): number {
  if (json) console.log(shownJson(value));
  else for (const line of lines) console.log(shownText(line));
  return 0;
}
