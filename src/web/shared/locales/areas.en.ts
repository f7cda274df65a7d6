import type { areasZh } from "./areas.zh-CN.ts";

/** Sentences about the tree of areas, in English. */
export const areasEn: typeof areasZh = {
  areas: {
    title: "Areas",
    lead: "↑↓ choose, → opens, ← closes, Enter moves. What users see, reports and no-cut windows follow the new place.",
    tree: "Tree of areas",
    meters: "{{count}} meters",
    expand: "Open {{name}}",
    collapse: "Close {{name}}",
    move: "Move to…",
    moveOf: "Move {{name}}",
    none: "There is no area in yours",
    noneLead: "Areas are made by imports of archives.",
    now: "{{name}} lies below {{parent}} now.",
    to: "To",
    choose: "Choose",
    nowhere: "There is no area that it could be moved to.",
    effects: "Areas that are moved: {{areas}}, with meters: {{meters}}.",
    usersChanged: "For {{count}} users it enters or leaves what they see.",
    windowsChanged:
      "No-cut windows of areas that begin or cease to hold for it: {{count}}. Look at them, so that nobody is cut off by mistake.",
    nothingElse: "What users see and no-cut windows stay as they are.",
    reason: "Reason",
    reasonMissing: "Tell the reason",
    toMissing: "Choose where to",
    confirm: "Move",
    back: "Back",
    moved: "{{name}} was moved from {{from}} to {{to}}.",
    undo: "Undo",
    undone: "Undone: {{name}} is below {{from}} again.",
    undoReason: "Move undone",
  },
};
