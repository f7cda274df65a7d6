import { both, html, type Markup } from "./markup.ts";

/** Chinese names of figures; those of benches stand below a heading in Chinese and keep the words of their bench. */
const FIGURES: Readonly<Record<string, string>> = {
  "hours without a rest": "不间断小时",
  "worst minute: p99 of answers": "最差一分钟的 P99",
  "answers that failed": "失败的应答",
  "programs that died": "自行退出的程序",
  "recharges acknowledged": "已确认的充值",
  "recharges lost": "丢失的充值",
  "recharges doubled": "重复的充值",
  "worst sum of the ledger": "账本合计(最差一次)",
  "recharges without an end": "未了结的充值",
  "problems found by the last count": "最后清点发现的问题",
  "memory of the server, most": "服务器内存峰值",
  "memory of the collector, most": "前置机内存峰值",
  "memory of the server, last hour by second hour": "服务器内存:末小时比第二小时",
  "memory of the collector, last hour by second hour": "前置机内存:末小时比第二小时",
  runs: "轮数",
  recharges: "充值次数",
  commands: "指令数",
  seeds: "故事数",
  frames: "报文数",
  lost: "丢失",
  doubled: "重复",
  unresolved: "未了结",
  ledgerSum: "账本合计",
  worstSum: "途中账本合计(最差一次)",
  problems: "问题",
  violations: "违反规则",
  failures: "失败",
  "wrong.sentTwice": "重复下发",
  "wrong.neverSent": "未下发",
  "wrong.notInMeter": "未到表",
  "wrong.storedTwice": "重复入库",
  "wrong.spokenAfterThaw": "失去所有权后仍下发",
  "wrong.ledgerSum": "账本合计",
  "wrong.problems": "问题",
  slowloris: "慢速连接",
  silent: "沉默连接",
  "never-reading": "只发不收",
  "reconnect-storm": "重连风暴",
  flapping: "反复上下线",
  "id-collision": "编号冲突",
  replay: "重放",
  "bad-line": "劣质线路",
  "older-and-other-answers": "旧应答与邻表应答",
  "database-gone": "数据库断开",
  "database-disk-full": "数据库磁盘满",
  "capture-disk-full": "报文磁盘满",
  "clock-jumps": "时钟跳变",
};

/** The name of a figure, Chinese first where it has a Chinese one. */
export function figureText(what: string): Markup {
  const zh = FIGURES[what];
  return zh === undefined ? html`${what}` : both(zh, what);
}
