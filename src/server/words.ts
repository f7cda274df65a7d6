import type { z } from "zod";

/** What the fields of our requests are called on the page. */
const fieldWords: Readonly<Record<string, string>> = {
  login: "账号",
  password: "密码",
  key: "请求编号",
  meterId: "表计",
  amount: "金额",
  channel: "收款方式",
  note: "备注",
  kind: "指令",
  reason: "原因",
  measuredAt: "抄表时间",
  decision: "处理方式",
  value: "示数",
  period: "期间",
  day: "日期",
  month: "月份",
  sourceMeterId: "公共表",
  effectiveDay: "生效日期",
  method: "分摊方式",
  members: "分摊成员",
  propertyBp: "物业承担",
  price: "单价",
  factors: "风速系数",
  units: "内机",
  label: "名称",
  ratedW: "额定容量",
  name: "名称",
  areaId: "片区",
  search: "搜索内容",
  limit: "条数",
  orderNo: "充值单号",
  parts: "分配",
  meterIds: "表计",
  by: "分配方式",
  float: "备用金",
  projectId: "项目",
  counted: "清点金额",
  mainMeterId: "主表",
  shares: "分配金额",
  denominations: "张数",
  count: "清点次数",
  from: "起始日期",
  to: "截止日期",
  number: "表号",
  address: "通信地址",
  profile: "表型",
  concentratorId: "集中器",
  bus: "端口",
  code: "编号",
  linkKey: "链路密钥",
  readIntervalS: "抄表周期",
  items: "抄表项目",
  version: "版本",
  confirmed: "确认",
  customer: "客户",
  ratio: "倍率",
  openIndex: "起码",
  closeIndex: "止码",
  left: "剩余量",
  planHash: "检查结果",
  roleIds: "角色",
  roleId: "角色",
  scope: "管辖范围",
  permissions: "功能权限",
  changes: "改动",
  old: "原密码",
  disabled: "状态",
  minutes: "间隔",
  hour: "小时",
  compare: "对比",
  alarmIds: "报警",
  finding: "现场结果",
  photo: "照片",
  periodHours: "静止时长",
  floorWh: "用量下限",
  readingsMin: "读数次数",
  names: "表号或地址",
  typed: "表计数",
  place: "范围",
  placeId: "范围",
  switchTest: "拉合闸测试",
  inUseMeterIds: "有人用电的表计",
  againOf: "原批次",
};

const typeWords: Readonly<Record<string, string>> = {
  string: "文本",
  number: "数字",
  int: "整数",
  boolean: "是或否",
  array: "列表",
  object: "JSON 对象",
  record: "JSON 对象",
};

/** One zod issue as a Chinese phrase that names the field first. `input` is what was checked. */
export function issueWords(issue: z.core.$ZodIssue, input: unknown): string {
  if (issue.path.length === 0) return "请求内容应为 JSON 对象";
  const name = String(issue.path[0]);
  const field = `「${fieldWords[name] ?? name}」`;
  if (valueAt(input, issue.path) === undefined) return `缺少${field}`;
  switch (issue.code) {
    case "invalid_type":
      return `${field}应为${typeWords[issue.expected] ?? "其他类型"}`;
    case "too_small":
      if (issue.origin !== "string") return `${field}不能小于 ${issue.minimum}`;
      return issue.minimum === 1 ? `${field}不能为空` : `${field}至少 ${issue.minimum} 个字符`;
    case "too_big":
      if (issue.origin === "array") return `${field}最多 ${issue.maximum} 项`;
      return issue.origin === "string" ? `${field}最多 ${issue.maximum} 个字符` : `${field}不能大于 ${issue.maximum}`;
    case "invalid_value":
      return `${field}只能是 ${issue.values.join("、")}`;
    case "invalid_format":
      return `${field}格式不正确`;
    default:
      return `${field}无效`;
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
