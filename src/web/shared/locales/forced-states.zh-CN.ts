/** What the developer's switch over the states of pages says (强制状态), in Chinese. */
export const forcedStatesZh = {
  label: "开发者开关:强制页面状态",
  states: { none: "正常", loading: "加载中", empty: "空", failed: "失败", stale: "过时" },
  off: "开发者开关",
  on: "强制状态,不是真实数据;期间不保存任何内容",
  refused: "页面处于强制状态,看到的不是真实数据,所以没有发送;请先恢复“正常”",
};
