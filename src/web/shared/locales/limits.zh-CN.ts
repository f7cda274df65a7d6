/** Sentences about the limits of users (限额), in Chinese. */
export const limitsZh = {
  limits: {
    title: "限额",
    lead: "此人最多能做多少,按自然日计;不填为不限。与审批规则无关:审批同意也不能超过限额。",
    selfLead: "自己的限额须由另一位管理员修改。",
    rechargeDay: "充值日限额(元)",
    rechargeOne: "单笔限额(元)",
    refundDay: "退费日限额(元)",
    batchMeters: "批量只数(只)",
    hint: {
      rechargeDay: "一天内在柜台收款的合计,现金和转账都算;撤回或被表计拒绝的也算,因为钱已收进钱包,当天退还也不恢复",
      rechargeOne: "一次收款的总额,分摊到几只表也合并计算;用到的钱包余额不算",
      refundDay: "一天内退费、清零、核销和退租付款的合计",
      batchMeters: "一次批量拉闸或合闸的表计数",
    },
    none: "不限",
    invalid: "请输入金额或只数,不限请留空",
    tag: {
      rechargeDay: "日充值 ≤ {{value}} 元",
      rechargeOne: "单笔 ≤ {{value}} 元",
      refundDay: "日退费 ≤ {{value}} 元",
      batchMeters: "批量 ≤ {{value}} 只",
    },
    sellToday: "您今天还可收 {{left}} 元(日限额 {{limit}} 元,已收 {{used}} 元,含已撤回的)",
    toRepeat: "打开该单 {{orderNo}} 核对",
    refundToday: "您今天还可退 {{left}} 元(日限额 {{limit}} 元,已用 {{used}} 元)",
    batchTooMany:
      "将操作 {{count}} 只,超过您的批量只数限额 {{limit}} 只。请减少表计,由限额更高的同事操作,或请管理员调整。",
    batchLimit: "您一批最多 {{limit}} 只。",
  },
};
