import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { noBrowserHere, openSite } from "../../test/browser-site.ts";
import { takePictures } from "./pictures.ts";
import { sheetHtml } from "./sheet-html.ts";

const usage = `usage: npm run contact-sheet -- [--out contact-sheet] [--only /reports] [--languages zh-CN,en] [--themes light,dark] [--widths desk,phone]
Starts a town, lives in it a while, and takes a picture of every page of the console: 1440 and 390 px, light and dark, Chinese and English, with what
the browser and axe-core complain of. Exit code 1 when there is a complaint.`;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "contact-sheet" },
    only: { type: "string", default: "/" },
    languages: { type: "string", default: "zh-CN,en" },
    themes: { type: "string", default: "light,dark" },
    widths: { type: "string", default: "desk,phone" },
  },
});
const languages = (["zh-CN", "en"] as const).filter((each) => values.languages.split(",").includes(each));
const themes = (["light", "dark"] as const).filter((each) => values.themes.split(",").includes(each));
const widths = (["desk", "phone"] as const).filter((each) => values.widths.split(",").includes(each));
const reason = noBrowserHere();
if (reason !== null || languages.length === 0 || themes.length === 0 || widths.length === 0) {
  console.error(reason ?? usage);
  process.exit(2);
}
const out = resolve(values.out);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const site = await openSite();
try {
  const sheet = await takePictures(site, { out, only: values.only, languages, themes, widths }, (line) =>
    console.error(line),
  );
  writeFileSync(join(out, "index.html"), sheetHtml(sheet));
  const complaints = sheet.pictures.flatMap(({ file, complaints }) => complaints.map((each) => `${file}: ${each}`));
  console.log(JSON.stringify({ pictures: sheet.pictures.length, notReached: sheet.notReached, complaints }, null, 2));
  process.exitCode = complaints.length > 0 ? 1 : 0;
} finally {
  await site.close();
}
process.exit();
