import { count, type Form, HOUR_MINUTE, SECOND } from "./forms.ts";
import { type ItemParts, record } from "./item.ts";

/** XX.XXXX kW without a sign. */
const LOAD: Form = { as: "number", bytes: 3, decimals: 4, unit: "kW", signed: false, times: 1, over: 10 };
/** Items of the guard by DI1 DI0. */
export const loadGuardItems: readonly (readonly [number, ItemParts])[] = [
  [
    0xe101,
    {
      name: "load guard settings",
      zh: "安全用电参数(JC1)",
      clause: "JC1",
      layouts: [
        record([
          { name: "max load", zh: "最大负荷", form: LOAD },
          { name: "sudden change", zh: "突变负荷", form: LOAD },
          { name: "malicious load", zh: "恶性负载识别功率", form: LOAD },
          { name: "off minutes", zh: "断电时间", form: count(1, "min") },
          { name: "trips", zh: "允许次数", form: count(1) },
          { name: "count from", zh: "计次起点(0解锁,1零点)", form: count(1) },
          { name: "exempt from", zh: "免识别开始", form: HOUR_MINUTE },
          { name: "exempt to", zh: "免识别结束", form: HOUR_MINUTE },
        ]),
      ],
    },
  ],
  [
    0xe102,
    {
      name: "load guard state",
      zh: "安全用电状态(JC1)",
      clause: "JC1",
      layouts: [
        record([
          { name: "state", zh: "状态(0正常,1断电等待,2锁定)", form: count(1) },
          { name: "cause", zh: "原因(1超负荷,2突变,3恶性负载)", form: count(1) },
          { name: "trips", zh: "已断电次数", form: count(1) },
          { name: "total", zh: "累计断电次数", form: count(2) },
          { name: "tripped at", zh: "最近断电时间", form: SECOND },
          { name: "load", zh: "断电时负荷", form: LOAD },
        ]),
      ],
    },
  ],
];
