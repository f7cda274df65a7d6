/** Refusals about batches of switch commands (批量拉合闸); merged into the table of `errors.ts`. */
export const batchErrors = {
  batch_not_found: [404, "找不到该批次,或它不在您的管辖范围内", "No such batch, or it is outside your area"],
  batch_empty: [
    409,
    "所选表计都不能参加本批操作(保电、安全锁定或无开关)",
    "None of these meters can be in the batch (supply guard, safety lock or no switch)",
  ],
  batch_too_large: [
    409,
    "一批最多 {max} 只表,请缩小范围或分批进行",
    "A batch holds at most {max} meters; choose fewer, or make several batches",
  ],
  batch_count_wrong: [
    409,
    "输入的表计数与名单不符:现为 {count} 只,请核对名单后重新输入",
    "The number does not match the list: there are {count} meters now; look at the list and type it again",
  ],
  batch_out_of_scope: [
    403,
    "本批有表计不在您的管辖范围内,不能操作",
    "Some meters of this batch are outside your area; you may not act on it",
  ],
  batch_not_open: [409, "该批次已结束,没有可停止的表计", "This batch has ended; there is nothing left to stop"],
  batch_awaits: [
    409,
    "该批次待审批:请由申请人撤回,或由审批人驳回",
    "This batch waits for approval: whoever asked may withdraw it, or somebody else reject it",
  ],
  batch_not_failed: [
    409,
    "只能重试原批次中失败的表计",
    "Only meters that failed in the earlier batch can be tried again",
  ],
  batch_list_unseen: [409, "请先打开批次核对名单,再批准", "Open the batch and look at its list before you approve it"],
} as const;
