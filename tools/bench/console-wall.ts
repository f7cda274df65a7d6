import { pause } from "#system/clock.ts";
import type { Site } from "./console.ts";
import { freshVisitor, shownAfter } from "./console-page.ts";
import { changeMeters } from "./console-site.ts";
import { type BenchLine, round2 } from "./line-format.ts";

/** So many meters are read anew each second, somewhere on the board. */
const CHANGES = 50;
const SECONDS = 60;
/** Until everything that comes once has come: fonts, the first rounds of changes, compiled code. */
const SETTLE_S = 20;
const GROWTH_MB_MAX = 20;
const MB = 1_000_000;

type Held = { heapMb: number; nodes: number };

/**
 * The board on a wall (大屏) for so many minutes while {@link CHANGES} of its tiles change each second: what its page holds at the start and
 * after each minute, after its garbage was collected. Nodes are counted with those that are no longer on the page.
 */
export async function wallLines(site: Site, minutes: number): Promise<BenchLine[]> {
  const context = await freshVisitor(site.browser, site.base, site.all);
  const page = await context.newPage();
  await shownAfter(page, `${site.base}/?wall=1`, `document.getElementsByClassName("tile").length === ${site.meters}`);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const held = async (): Promise<Held> => {
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const of = (name: string) => metrics.find((each) => each.name === name)?.value ?? Number.NaN;
    return { heapMb: of("JSHeapUsedSize") / MB, nodes: of("Nodes") };
  };
  let round = 0;
  const live = async (seconds: number): Promise<void> => {
    for (let n = 0; n < seconds; n++, round++) {
      const ids = Array.from({ length: CHANGES }, (_, i) => 1 + ((round * CHANGES + i * 97) % site.meters));
      await changeMeters(site.db, ids, 10_000 + (round % 1_000) * 1_000);
      await pause(1_000);
    }
  };
  await live(SETTLE_S);
  const start = await held();
  const lines = [...linesOf("at the start", start, start)];
  for (let minute = 1; minute <= minutes; minute++) {
    await live(SECONDS);
    lines.push(...linesOf(`after ${minute} min`, await held(), start));
  }
  await context.close();
  return lines;
}

function linesOf(when: string, { heapMb, nodes }: Held, start: Held): BenchLine[] {
  const target = round2(start.heapMb + GROWTH_MB_MAX);
  return [
    {
      ...{ bench: "console", case: `wall ${when}: heap`, value: round2(heapMb), unit: "MB", target },
      ...{
        floor: `at the start: ${round2(start.heapMb)} MB`,
        ratio: round2(heapMb / start.heapMb),
        met: heapMb <= target,
      },
    },
    {
      ...{
        bench: "console",
        case: `wall ${when}: nodes of the page`,
        value: nodes,
        unit: "nodes",
        target: null,
        met: null,
      },
      ...{ floor: `at the start: ${start.nodes}`, ratio: round2(nodes / start.nodes) },
    },
  ];
}
