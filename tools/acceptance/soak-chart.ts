import { both, html, type Markup } from "./markup.ts";
import { numberText } from "./report-words.ts";
import type { SoakSample } from "./soak-sample.ts";

const WIDTH = 960;
const HEIGHT = 210;
const LEFT = 64;
const BOTTOM = 30;
const TOP = 12;
/** More points than these cannot be seen; of each stretch the highest is drawn. */
const POINTS_MAX = 480;

/** One line of a chart. */
type Line = { zh: string; en: string; colour: string; of: (sample: SoakSample) => number | null };

/** Memory of both programs over the time of a soak. */
export function memoryChart(samples: readonly SoakSample[]): Markup {
  return chart({ zh: "内存", en: "memory", unit: "MB" }, samples, [
    { zh: "服务器", en: "server", colour: "#0d5660", of: ({ serverMb }) => serverMb },
    { zh: "前置机", en: "collector", colour: "#b3651e", of: ({ collectorMb }) => collectorMb },
  ]);
}

/** Response times over the time of a soak. */
export function responseChart(samples: readonly SoakSample[]): Markup {
  return chart({ zh: "应答时间", en: "response", unit: "ms" }, samples, [
    { zh: "P99", en: "", colour: "#b3261e", of: ({ p99 }) => p99 },
    { zh: "P50", en: "", colour: "#0d5660", of: ({ p50 }) => p50 },
  ]);
}

function chart(
  name: { zh: string; en: string; unit: string },
  samples: readonly SoakSample[],
  lines: readonly Line[],
): Markup {
  const end = Math.max(1, samples.at(-1)?.seconds ?? 1);
  const most = Math.max(1, ...lines.flatMap(({ of }) => samples.map((sample) => of(sample) ?? 0))) * 1.1;
  const x = (seconds: number) => LEFT + ((WIDTH - LEFT - 8) * seconds) / end;
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most);
  const rules = [0, 0.5, 1].map((share) => (most / 1.1) * share);
  const inHours = end >= 7_200;
  const timeOf = (seconds: number) =>
    inHours ? `${numberText(Math.round(seconds / 360) / 10)} h` : `${numberText(Math.round(seconds / 6) / 10)} min`;
  const path = ({ of }: Line) =>
    thinned(samples, of)
      .map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`)
      .join(" ");
  return html`<figure><figcaption>${both(name.zh, name.en)} <span class="en">${name.unit}</span> ${lines.map((line) => html`<span style="color:${line.colour}"> ━ ${line.zh} ${line.en}</span>`)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${name.zh} ${name.en}">
${rules.map((value) => html`<line x1="${LEFT}" x2="${WIDTH - 8}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#d5dbe2"/><text x="${LEFT - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end" font-size="12" fill="#5b6775">${numberText(Math.round(value))}</text>`)}
${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<text x="${x(end * share).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="${share === 1 ? "end" : "middle"}" font-size="12" fill="#5b6775">${timeOf(end * share)}</text>`)}
${lines.map((line) => html`<polyline points="${path(line)}" fill="none" stroke="${line.colour}" stroke-width="1.8" stroke-linejoin="round"/>`)}
</svg></figure>`;
}

/** The highest value of each stretch, with its time. */
function thinned(samples: readonly SoakSample[], of: Line["of"]): [number, number][] {
  const step = Math.max(1, Math.ceil(samples.length / POINTS_MAX));
  const points: [number, number][] = [];
  for (let i = 0; i < samples.length; i += step) {
    const part = samples.slice(i, i + step).flatMap((sample): [number, number][] => {
      const value = of(sample);
      return value === null ? [] : [[sample.seconds, value]];
    });
    const highest = part.sort((a, b) => b[1] - a[1])[0];
    if (highest) points.push(highest);
  }
  return points;
}
