/** Refusals of the set-up assistant (开通向导); merged into the table of `errors.ts`. */
export const setupErrors = {
  setup_all_needed: [
    403,
    "建立项目需要管辖全部表计的管理员",
    "A project is made by somebody who looks after all meters",
  ],
  setup_changed: [
    409,
    "其他人刚刚改过这一步,您输入的未保存。请核对现在的内容后再保存",
    "Somebody else has just changed this step; what you typed was not saved. Look at it as it stands now and save again",
  ],
  setup_name_fixed: [
    409,
    "已有表计,项目名称不能再在这里修改",
    "There are meters already: the name of the project cannot be changed here any more",
  ],
  setup_price_invalid: [
    400,
    "单价有误:请输入大于 0、不超过 {max} 元、最多四位小数的数",
    "The price must be above 0, at most {max} yuan, with at most four decimals",
  ],
  setup_lines_wrong: [
    400,
    "第 {line} 行看不懂:{text}。什么都没有写入",
    "Line {line} cannot be understood: {text}. Nothing was written",
  ],
  setup_lines_many: [400, "一次最多 {max} 行", "At most {max} lines at once"],
  setup_lines_none: [400, "请先输入或粘贴片区", "Type or paste areas first"],
  setup_step_fixed: [409, "这一步不能跳过", "This step cannot be skipped"],
  setup_not_empty: [
    409,
    "系统里已有项目、表计或根密钥,不能再建入模拟小镇",
    "There is a project, a meter or a root key already: the simulated town is for an empty installation",
  ],
  setup_no_demo: [409, "这个程序没有带模拟小镇", "This program comes without the simulated town"],
  face_not_read: [409, "这次读表还没有成功,请先读表", "This reading has not succeeded; read the meter first"],
  face_reading_old: [
    409,
    "这次读数已超过 {minutes} 分钟,请再读一次后核对",
    "This reading is more than {minutes} minutes old; read the meter again and compare",
  ],
  face_taken: [
    409,
    "这次读数刚刚已由 {name} 核对为 {typed}。如要改,请再读一次",
    "{name} has just compared this reading with {typed}; read the meter again to compare once more",
  ],
} as const;
