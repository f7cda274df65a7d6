/** How the fields of a description are called in the field; a field that is not here is shown under its own name. */
export const FIELD_NAMES: Readonly<Record<string, string>> = {
  address: "地址",
  meterTypeName: "表计类型",
  control: "控制码",
  function: "功能",
  di: "数据标识",
  diOrder: "标识字节序",
  item: "数据项",
  ser: "序号 SER",
  seq: "帧序列域",
  password: "密码",
  writeData: "写入数据",
  newAddress: "新地址",
  time: "时间",
  baudWord: "速率特征字",
  relay: "继电器",
  purchase: "购电",
  refund: "退费",
  err: "错误码",
  errBits: "错误",
  errorData: "错误数据",
  clock: "表计时钟",
  st: "状态 ST",
  valve: "阀门",
  batteryLow: "电池欠压",
  valveCommandName: "阀门命令",
  purchaseSeq: "购买序号",
  amount: "购买量",
  afn: "应用功能码 AFN",
  service: "业务",
  itemZh: "信息类",
  pn: "信息点 pn",
  fn: "信息类 Fn",
  fault: "不应接受的原因",
  tp: "时间标签",
  pw: "密码域",
  ec: "事件计数器",
  port: "端口",
  frameTimeoutMs: "报文超时(ms)",
  byteTimeoutMs: "字节超时(ms)",
  inner: "转发内容",
  meters: "电表档案",
  results: "确认结果",
  data: "数据内容",
};

/** Fields that are said elsewhere or are of use to programs only. */
const SILENT: ReadonlySet<string> = new Set([
  "ok",
  "protocol",
  "preambleFE",
  "length",
  "lengthBytes",
  "protocolId",
  "fromMeter",
  "fromTerminal",
  "abnormal",
  "vendor",
  "moreFollows",
  "dataMinus33",
  "values",
  "meterType",
  "diWire",
  "clockRaw",
  "amountRaw",
  "prm",
  "linkFunc",
  "a1",
  "a2",
  "a3",
  "msa",
  "group",
  "tpv",
  "fir",
  "fin",
  "con",
  "pseq",
  "da",
  "dt",
  "acd",
  "serial",
  "timeTag",
  "innerLength",
  "innerDlt645",
]);

/** The fields of a description that a person wants to see, with their Chinese names. */
export function fieldLines(description: object): { label: string; text: string }[] {
  const lines: { label: string; text: string }[] = [];
  for (const [name, value] of Object.entries(description)) {
    if (SILENT.has(name) || value === null || value === undefined || value === "") continue;
    lines.push({ label: FIELD_NAMES[name] ?? name, text: plainText(value) });
  }
  return lines;
}

function plainText(value: unknown): string {
  if (typeof value === "boolean") return value ? "是" : "否";
  if (Array.isArray(value)) return value.map(plainText).join("、");
  if (typeof value !== "object" || value === null) return String(value);
  const fields = Object.entries(value).map(([name, inner]) => `${FIELD_NAMES[name] ?? name} ${plainText(inner)}`);
  return fields.join(",");
}
