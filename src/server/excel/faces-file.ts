import { formatInstant } from "#base/time.ts";
import type { Actor } from "#domain/permission.ts";
import type { FaceHint, FaceVerdict } from "#domain/setup.ts";
import type { FlowContext } from "#flows/context.ts";
import { type EveryFace, everyFace } from "#store/setup.ts";
import { type ExportLanguage, inWords, namedTable, type Words } from "./answer.ts";
import type { ExcelColumn } from "./workbook.ts";

const verdicts: Readonly<Record<FaceVerdict, Words>> = {
  same: ["一致", "The same"],
  used: ["一致(差额是其间用量)", "The same (the rest was used meanwhile)"],
  different: ["不符", "Different"],
};
const hints: Readonly<Record<FaceHint, Words>> = {
  none: ["", ""],
  decimal: ["像是小数点位置不同", "Looks like another decimal place"],
  ratio: ["像是相差一个倍率", "Looks like the ratio"],
};

/** Every comparison of a meter's face (表面核对) with what was read, in the order of time, as a file. */
export async function facesFile(ctx: FlowContext, actor: Actor, language: ExportLanguage) {
  const say = (words: Words): string => inWords(words, language);
  const title = say(["表面示数核对", "Faces of meters compared"]);
  const columns: ExcelColumn<EveryFace>[] = [
    { header: say(["房间", "Room"]), type: "text", width: 16, value: (row) => row.label },
    { header: say(["表号", "Meter"]), type: "text", width: 18, value: (row) => row.number },
    { header: say(["表地址", "Address"]), type: "text", width: 18, value: (row) => row.address },
    { header: say(["单位", "Unit"]), type: "text", width: 8, value: (row) => (row.kind === "water" ? "m³" : "kWh") },
    { header: say(["表面示数", "On its face"]), type: "units", width: 14, value: (row) => row.typed_wh },
    { header: say(["核对时间", "Compared at"]), type: "time", width: 20, value: (row) => row.typed_at },
    { header: say(["读到的示数", "Read"]), type: "units", width: 14, value: (row) => row.read_wh },
    { header: say(["读表时间", "Read at"]), type: "time", width: 20, value: (row) => row.read_at },
    {
      ...{ header: say(["差额", "Difference"]), type: "units", width: 12 },
      value: (row) => row.typed_wh - row.read_wh,
    },
    { header: say(["结论", "Result"]), type: "text", width: 26, value: (row) => say(verdicts[row.verdict]) },
    { header: say(["提示", "Hint"]), type: "text", width: 24, value: (row) => say(hints[row.hint]) },
    { header: say(["核对人", "By"]), type: "text", width: 14, value: (row) => row.made_name },
  ];
  return namedTable(title, {
    title,
    notes: [`${say(["导出", "Taken out"])}: ${formatInstant(ctx.clock())} ${actor.name}`],
    columns,
    rows: await everyFace(ctx.db.read, actor.scope),
    totalWord: "",
  });
}
