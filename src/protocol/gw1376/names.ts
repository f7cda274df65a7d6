import { functionsOf } from "./points.ts";

/** Application functions (AFN) that this code acts on. */
export const AFN = {
  confirm: 0x00,
  link: 0x02,
  setParameters: 0x04,
  queryParameters: 0x0a,
  forward: 0x10,
} as const;

/** A name in English and as the standard prints it. */
export type Named = { name: string; zh: string };

/** Every application function of Q/GDW 1376.1 §5. */
export const afnNames: Readonly<Record<number, Named>> = {
  0: { name: "confirm or deny", zh: "确认/否认" },
  1: { name: "reset", zh: "复位" },
  2: { name: "link test", zh: "链路接口检测" },
  3: { name: "relay station command", zh: "中继站命令" },
  4: { name: "set parameters", zh: "设置参数" },
  5: { name: "control", zh: "控制命令" },
  6: { name: "authentication", zh: "身份认证及密钥协商" },
  8: { name: "report of a cascaded terminal", zh: "请求被级联终端主动上报" },
  9: { name: "terminal configuration", zh: "请求终端配置及信息" },
  10: { name: "query parameters", zh: "查询参数" },
  11: { name: "task data", zh: "请求任务数据" },
  12: { name: "current data", zh: "请求1类数据" },
  13: { name: "historical data", zh: "请求2类数据" },
  14: { name: "events", zh: "请求3类数据" },
  15: { name: "file transfer", zh: "文件传输" },
  16: { name: "data forwarding", zh: "数据转发" },
};

/** Kinds of information that field frames show, by AFN and Fn. Their data is shown as bytes. */
const functionNames: Readonly<Record<string, Named>> = {
  "00-1": { name: "confirm all", zh: "全部确认" },
  "00-2": { name: "deny all", zh: "全部否认" },
  "00-3": { name: "confirm or deny each", zh: "按数据单元标识确认和否认" },
  "02-1": { name: "login", zh: "登录" },
  "02-2": { name: "logout", zh: "退出登录" },
  "02-3": { name: "heartbeat", zh: "心跳" },
  "04-10": { name: "meter table", zh: "终端电能表/交流采样装置配置参数" },
  "0A-10": { name: "meter table", zh: "终端电能表/交流采样装置配置参数" },
  "0C-25": {
    name: "power, voltage and current now",
    zh: "当前三相及总有/无功功率、功率因数,三相电压、电流、零序电流、视在功率",
  },
  "0C-33": { name: "forward energy now", zh: "当前正向有/无功电能示值、一/四象限无功电能示值" },
  "0C-34": { name: "reverse energy now", zh: "当前反向有/无功电能示值、二/三象限无功电能示值" },
  "0C-129": { name: "forward active energy now", zh: "当前正向有功电能示值" },
  "0C-167": { name: "purchase and use", zh: "电能表购、用电信息" },
  "0C-168": { name: "settlement", zh: "电能表结算信息" },
  "0D-1": { name: "forward energy, daily freeze", zh: "日冻结正向有/无功电能示值、一/四象限无功电能示值" },
  "0D-2": { name: "reverse energy, daily freeze", zh: "日冻结反向有/无功电能示值、二/三象限无功电能示值" },
  "0D-17": { name: "forward energy, monthly freeze", zh: "月冻结正向有/无功电能示值、一/四象限无功电能示值" },
  "0D-18": { name: "reverse energy, monthly freeze", zh: "月冻结反向有/无功电能示值、二/三象限无功电能示值" },
  "0D-81": { name: "active power curve", zh: "测量点有功功率曲线" },
  "0E-1": { name: "important events", zh: "请求重要事件" },
  "0E-2": { name: "normal events", zh: "请求一般事件" },
  "10-1": { name: "transparent forwarding", zh: "透明转发" },
};

/** One word for a frame, as the frame vectors name it; `AFN0C-F25` where there is none. */
const SERVICES: Readonly<Record<string, string>> = {
  "00-1": "confirm-all",
  "00-2": "deny-all",
  "00-3": "confirm-each",
  "02-1": "login",
  "02-2": "logout",
  "02-3": "heartbeat",
  "04-10": "set-meter-table",
  "0A-10": "query-meter-table",
  "10-1": "transparent-forward",
};

/** What a frame with this AFN and DT is about: one word, and the name of the first Fn where the table has it. */
export function serviceOf(afn: number, dt: number): { service: string; item?: Named } {
  const fn = functionsOf(dt)?.[0];
  const hex = afn.toString(16).padStart(2, "0").toUpperCase();
  if (fn === undefined) return { service: `AFN${hex}` };
  const item = functionNames[`${hex}-${fn}`];
  const service = SERVICES[`${hex}-${fn}`] ?? `AFN${hex}-F${fn}`;
  return item === undefined ? { service } : { service, item };
}
