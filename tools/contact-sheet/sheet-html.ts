import type { Sheet } from "./pictures.ts";

/** All pictures beside each other, to be opened from the folder in which they are. */
export function sheetHtml({ pictures, notReached }: Sheet): string {
  const rows = [...Map.groupBy(pictures, (each) => each.pattern)].map(
    ([pattern, all]) => `<h2>${escaped(pattern)}</h2><div>${all.map(figure).join("")}</div>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Contact sheet</title>
<style>body{font:14px sans-serif}div{display:flex;gap:12px;align-items:flex-start}figure{margin:0}img{border:1px solid #ccc}.desk{width:560px}.phone{width:195px}.bad{color:#b00}</style>
<h1>${pictures.length} pictures</h1><p>Not reached: ${escaped(notReached.join(", ") || "none")}</p>
${rows.join("\n")}</html>
`;
}

function figure({ file, width, language, theme, complaints }: Sheet["pictures"][number]): string {
  const wrong = complaints.map((each) => `<p class="bad">${escaped(each)}</p>`).join("");
  return `<figure><figcaption>${language}, ${theme}, ${width}</figcaption><a href="${file}"><img class="${width}" src="${file}" alt=""></a>${wrong}</figure>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
