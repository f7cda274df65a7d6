import type { BusFrame, ConcentratorList, ConcentratorView } from "#contract/collection.ts";
import { rename, replace, requestKey, setCycle, setItems, setProtocol, testRead } from "./acts.ts";
import { type Client, Refused } from "./client.ts";
import { CONCENTRATOR_HEAD, channelLine, clock, concentratorLine, frameLines, meterLine } from "./lines.ts";
import type { Screen } from "./screen.ts";

/** How often a view is fetched anew. */
const REFRESH_MS = 1_000;
/** Frames are written down some hundred ms after they were on the bus: looked at again. */
const OVERLAP_MS = 5_000;
const FRAMES_KEPT = 200;

/** Drives the whole client on a screen until somebody leaves it. */
export async function runFullScreen(client: Client, screen: Screen): Promise<void> {
  let chosen = 0;
  let said = "";
  for (;;) {
    const list = await client.concentrators();
    const { items: collectors } = await client.collectors();
    const head = [
      `集抄前置机控制台  在线 ${list.online}/${list.total}  截至 ${clock(list.asOf)}`,
      ...collectors.slice(0, 3).map((each) => {
        const state = each.isUp ? "运行中" : "无响应";
        return `前置机 ${each.name} ${state} 会话 ${each.sessions} 占用 ${each.leases} 待入库 ${each.readingsWaiting} 延迟 ${each.lagMs}ms`;
      }),
      "",
      CONCENTRATOR_HEAD,
    ];
    chosen = Math.max(0, Math.min(chosen, list.items.length - 1));
    const room = screen.rows() - 1 - head.length;
    const top = Math.max(0, chosen - room + 1);
    const shown = list.items.slice(top, top + room).map(concentratorLine);
    screen.draw([...head, ...shown], said || "↑↓选择 回车进入 a新增集中器 q退出", head.length + chosen - top);
    const key = await screen.key(REFRESH_MS);
    if (key !== null) said = "";
    if (key === "q" || key === "quit") return;
    if (key === "up") chosen--;
    if (key === "down") chosen++;
    if (key === "a") said = await attempt(() => addConcentrator(client, screen, list));
    const at = list.items[chosen];
    if (key === "enter" && at !== undefined && (await oneConcentrator(client, screen, at.id)) === "quit") return;
  }
}

type Left = "back" | "quit";

async function oneConcentrator(client: Client, screen: Screen, id: number): Promise<Left> {
  let chosen = 0;
  let said = "";
  for (;;) {
    const seen = await client.concentrator(id);
    const lines = [...seen.channels.map(channelLine), ...seen.meterList.map(meterLine)];
    chosen = Math.max(0, Math.min(chosen, lines.length - 1));
    const head = [
      `${seen.name} ${seen.code} ${seen.online ? "在线" : "离线"} 最后通信 ${clock(seen.lastSeenAt)} 问 ${seen.asked} 答 ${seen.answered}`,
      "通道在前,表计在后(号 房间 地址 表型 通道 成功率 用时 最后应答)",
    ];
    const room = screen.rows() - 1 - head.length;
    const top = Math.max(0, chosen - room + 1);
    const foot = "c周期 n改名 i方案 p规约 t试抄 f报文 a新表 k加通道 r更换 N集中器改名 b返回 q退出";
    screen.draw([...head, ...lines.slice(top, top + room)], said || foot, head.length + chosen - top);
    const key = await screen.key(REFRESH_MS);
    if (key === null) continue;
    said = "";
    const channel = seen.channels[chosen] ?? null;
    const meter = seen.meterList[chosen - seen.channels.length] ?? null;
    const bus = meter?.bus ?? channel?.bus ?? null;
    if (key === "q" || key === "quit") return "quit";
    if (key === "b" || key === "escape") return "back";
    if (key === "up") chosen--;
    if (key === "down") chosen++;
    if (key === "page_up") chosen -= room;
    if (key === "page_down") chosen += room;
    if (key === "f" && (await monitor(client, screen, seen)) === "quit") return "quit";
    const act = ACTS[key];
    if (act) said = await attempt(() => act({ client, screen, seen, bus, meterId: meter?.meterId ?? null }));
  }
}

type At = { client: Client; screen: Screen; seen: ConcentratorView; bus: number | null; meterId: number | null };

/** What a key does to the channel or meter that is chosen; the sentence that tells what came of it. */
const ACTS: Readonly<Record<string, (at: At) => Promise<string>>> = {
  async c({ client, screen, seen, bus }) {
    const text = await ask(screen, `通道 ${bus ?? "-"} 的周期(秒,空=沿用上级): `);
    if (text === null) return "未修改";
    const seconds = text === "" ? null : Number(text);
    await setCycle(client, { id: seen.id, bus, seconds });
    return `已保存:周期 ${seconds === null ? "沿用上级" : `${seconds} 秒`},几秒内生效`;
  },
  async n({ client, screen, seen, bus, meterId }) {
    const name = await ask(screen, `${meterId === null ? "通道" : "表计"}的新名称: `);
    if (!name) return "未修改";
    await rename(client, { id: seen.id, bus: meterId === null ? bus : null, meterId, name });
    return `已改名为 ${name}`;
  },
  async N({ client, screen, seen }) {
    const name = await ask(screen, "集中器的新名称: ");
    if (!name) return "未修改";
    await rename(client, { id: seen.id, bus: null, meterId: null, name });
    return `已改名为 ${name}`;
  },
  async i({ client, screen, seen, bus, meterId }) {
    const { itemSets } = await client.settings();
    const own = itemSets.filter((each) => each.projectId === seen.projectId);
    const names = own.map((each) => `${each.id}=${each.name}`).join(" ");
    const text = await ask(screen, `抄表方案编号(空=沿用上级) ${names}: `);
    if (text === null) return "未修改";
    await setItems(client, { id: seen.id, bus, meterId, itemSetId: text === "" ? null : Number(text) });
    return "已保存,几秒内生效";
  },
  async p({ client, screen, seen, meterId }) {
    if (meterId === null) return "请先选一只表";
    const profile = await ask(screen, "新表型(如 jc1、gb2007-plain、sf97): ");
    const reason = profile ? await ask(screen, "原因: ") : null;
    if (!profile || !reason) return "未修改";
    if ((await ask(screen, "改规约后立即按新规约抄表。输入 yes 确认: ")) !== "yes") return "未修改";
    await setProtocol(client, { id: seen.id, meterId, profile, address: null, reason });
    return `已改为 ${profile}`;
  },
  async t({ client, screen, meterId }) {
    if (meterId === null) return "请先选一只表";
    screen.draw(["", "正在试抄…"], "", null);
    const { command, tookMs } = await testRead(client, meterId);
    return command.state === "confirmed"
      ? `试抄成功,用时 ${tookMs} 毫秒(报文按 f)`
      : `试抄未成:${command.state} ${command.stateReason}`;
  },
  async k({ client, screen, seen }) {
    const bus = await ask(screen, "新通道端口号: ");
    const name = bus ? await ask(screen, "名称: ") : null;
    if (!bus || !name) return "未添加";
    const channel = { bus: Number(bus), name, kind: "rs485", baud: null, enabled: true };
    const rest = { readIntervalS: null, itemSetId: null, version: null };
    await client.post(`/concentrators/${seen.id}/channels`, { ...channel, ...rest });
    return `已添加通道 ${bus}`;
  },
  async a({ client, screen, seen, bus }) {
    const answers: string[] = [];
    for (const question of ["房间", "表号", "通信地址", "表型", "片区编号", "单价(元)", "起码"]) {
      const text = await ask(screen, `新表 ${question}: `);
      if (!text) return "未添加";
      answers.push(text);
    }
    const [label, number, address, profile, areaId, price, openIndex] = answers;
    const { profiles } = await client.get<{
      profiles: { name: string; kind: string; switchKind: string; closesBy: string }[];
    }>("/places");
    const model = profiles.find((each) => each.name === profile);
    await client.post("/meters", {
      ...{ key: requestKey(), concentratorId: seen.id, bus: bus ?? 1, gatewayId: null, areaId: Number(areaId) },
      ...{ label, number, address, profile, price, openIndex, ratio: 1, mode: "prepaid" },
      ...{ kind: model?.kind ?? "electricity", switchKind: model?.switchKind ?? "none" },
      closesBy: model?.closesBy ?? "direct",
    });
    return `已添加 ${label}`;
  },
  async r({ client, screen, seen }) {
    const code = await ask(screen, "更换集中器:新设备编号: ");
    const reason = code ? await ask(screen, "原因: ") : null;
    if (!code || !reason) return "未更换";
    if ((await ask(screen, "旧设备将被断开、旧密钥作废。输入 yes 确认: ")) !== "yes") return "未更换";
    const made = await replace(client, { id: seen.id, code, linkKey: null, reason });
    return showKey(screen, made);
  },
};

async function addConcentrator(client: Client, screen: Screen, list: ConcentratorList): Promise<string> {
  const code = await ask(screen, "新集中器编号: ");
  const name = code ? await ask(screen, "名称: ") : null;
  if (!code || !name) return "未添加";
  const { areas } = await client.get<{ areas: { id: number; name: string }[] }>("/places");
  const names = areas.slice(0, 8).map((each) => `${each.id}=${each.name}`);
  const areaId = await ask(screen, `片区编号 ${names.join(" ")}(共 ${list.total} 台): `);
  if (!areaId) return "未添加";
  const body = { key: requestKey(), areaId: Number(areaId), code, name, linkKind: "jichao", linkKey: null };
  return showKey(screen, await client.post<{ code: string; linkKey: string | null }>("/concentrators", body));
}

async function showKey(screen: Screen, made: { code: string; linkKey: string | null }): Promise<string> {
  if (made.linkKey === null) return `已保存 ${made.code}`;
  const lines = ["", `集中器 ${made.code} 的链路密钥,只显示这一次,请立即抄录:`, "", `  ${made.linkKey}`];
  for (let key = ""; key !== "y"; ) {
    screen.draw(lines, "抄好后按 y", null);
    key = (await screen.key(REFRESH_MS)) ?? "";
  }
  return `已保存 ${made.code}`;
}

/** Frames of a concentrator as they come; space stops and goes on. */
async function monitor(client: Client, screen: Screen, seen: ConcentratorView): Promise<Left> {
  let frames: BusFrame[] = [];
  let paused = false;
  for (;;) {
    if (!paused) {
      const since = Math.max(0, (frames.at(-1)?.at ?? 0) - OVERLAP_MS);
      const { items } = await client.frames(seen.id, since);
      const known = new Set(frames.map((each) => `${each.meterId}/${each.at}/${each.slot}`));
      const fresh = items.filter((each) => !known.has(`${each.meterId}/${each.at}/${each.slot}`));
      frames = [...frames, ...fresh].slice(-FRAMES_KEPT);
    }
    const lines = frames.flatMap(frameLines).slice(-(screen.rows() - 2));
    screen.draw([`${seen.name} 报文监视${paused ? "(已暂停)" : ""}`, ...lines], "空格 暂停/继续 b返回 q退出", null);
    const key = await screen.key(REFRESH_MS);
    if (key === " ") paused = !paused;
    if (key === "b" || key === "escape") return "back";
    if (key === "q" || key === "quit") return "quit";
  }
}

/** Asks for one line at the foot of the screen; null when it was given up with Esc. */
async function ask(screen: Screen, question: string): Promise<string | null> {
  let text = "";
  for (;;) {
    screen.draw([], `${question}${text}_`, null);
    const key = await screen.key(REFRESH_MS);
    if (key === "enter") return text.trim();
    if (key === "escape" || key === "quit") return null;
    if (key === "backspace") text = [...text].slice(0, -1).join("");
    else if (key !== null && [...key].length === 1) text += key;
  }
}

/** What was refused is a sentence at the foot, not the end of the program. */
async function attempt(act: () => Promise<string>): Promise<string> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Refused) return `未完成:${error.message}`;
    throw error;
  }
}
