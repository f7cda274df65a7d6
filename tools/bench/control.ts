import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { assert } from "#base/errors.ts";
import { permissions, SCOPE_ALL } from "#domain/permission.ts";
import { requestCommand } from "#flows/request-command.ts";
import { toHex } from "#protocol/bytes.ts";
import { type BusTiming, lineMs } from "#simulator/bus.ts";
import { pause } from "#system/clock.ts";
import type { BenchLine, BenchOptions } from "./line-format.ts";
import { openOneBus } from "./one-bus.ts";

const METERS = 60;
const SECONDS = 90;
const TIMING: BusTiming = { baud: 2_400, replyDelayMs: 30 };
/** Between two commands: longer than one of them takes, and of no common measure with the round. */
const PAUSE_MS = 1_307;
/** Control code of DL/T 645-2007 for the switch, and where it stands behind the wake-up bytes. */
const SWITCH = 0x1c;
const CONTROL_AT = 12;
/** Commands of people are answered within this at a healthy link. */
const P99_MS_MAX = 5_000;

const actor = { userId: 1, login: "bench", name: "bench", permissions: new Set(permissions), scope: SCOPE_ALL };

/**
 * A close command while a full round is running on its bus: from the commit of its row to the last byte of the meter's answer. The
 * collector finds it by its own looks at the database, as when the page was served by another program.
 */
export async function bench({ seconds = SECONDS, meters = METERS }: BenchOptions): Promise<BenchLine[]> {
  const folder = await mkdtemp(join(tmpdir(), "jichao-control-"));
  const answeredAt = new Map<string, number>();
  let lineTimeMs = 0;
  const bus = await openOneBus({
    file: join(folder, "bench.db"),
    timing: TIMING,
    meters,
    intervalSeconds: 1,
    heard(request, [sound]) {
      if (request[CONTROL_AT] !== SWITCH || !sound) return;
      const answerMs = TIMING.replyDelayMs + lineMs(sound.bytes.length, TIMING.baud);
      lineTimeMs = lineMs(request.length, TIMING.baud) + answerMs;
      answeredAt.set(toHex(request.subarray(5, 11)), performance.now() + answerMs);
    },
  });
  try {
    await bus.dial();
    const rows = await bus.ctx.db.read
      .selectFrom("meter")
      .select(["id", "address"])
      .where("closes_by", "=", "direct")
      .orderBy("id")
      .execute();
    const tookMs: number[] = [];
    const endAt = performance.now() + seconds * 1_000;
    for (let n = 0; performance.now() < endAt; n++) {
      await pause(PAUSE_MS);
      const meter = rows[n % rows.length];
      assert(meter !== undefined, "there is a meter to be closed");
      const onWire = meter.address.match(/../g)?.reverse().join("").toUpperCase() ?? "";
      answeredAt.delete(onWire);
      await requestCommand(bus.ctx, actor, { meterId: meter.id, key: `k${n}`, kind: "close", reason: "bench", ip: "" });
      const committedAt = performance.now();
      while (!answeredAt.has(onWire) && performance.now() - committedAt < P99_MS_MAX * 2) await pause(1);
      tookMs.push((answeredAt.get(onWire) ?? Number.POSITIVE_INFINITY) - committedAt);
    }
    return linesOf(
      tookMs.sort((a, b) => a - b),
      lineTimeMs,
    );
  } finally {
    await bus.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function linesOf(tookMs: readonly number[], lineTimeMs: number): BenchLine[] {
  const at = (share: number) => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))] ?? Number.NaN;
  const what = (name: string) =>
    `${name} from commit to the meter's answer, ${tookMs.length} close commands in a full round at 2400 baud`;
  const ratio = (ms: number) => Math.round((ms * 100) / lineTimeMs) / 100;
  const floor = `line time of its two frames: ${Math.round(lineTimeMs)} ms`;
  return [
    {
      bench: "control",
      case: what("p50"),
      value: Math.round(at(0.5)),
      unit: "ms",
      floor,
      ratio: ratio(at(0.5)),
      target: null,
      met: null,
    },
    {
      bench: "control",
      case: what("p99"),
      value: Math.round(at(0.99)),
      unit: "ms",
      floor,
      ratio: ratio(at(0.99)),
      target: ratio(P99_MS_MAX),
      met: at(0.99) <= P99_MS_MAX,
    },
  ];
}
