import type { Instant } from "#base/time.ts";
import { SECOND_MS } from "#base/time.ts";
import type { LinkAlarmKind } from "#domain/link-alarm.ts";
import type { FlowContext } from "#flows/context.ts";
import { type LinkAlarm, noteLinkAlarms } from "#flows/link-alarms.ts";
import { pause } from "#system/clock.ts";

/** Gathers what is wrong at the door and writes it down now and then: a thousand attempts a second are one row. */
export type LinkAlarms = {
  raise(code: string, kind: LinkAlarmKind, detail: { source: string }): void;
  /** Writes what is left and ends. */
  close(): Promise<void>;
};

const WRITE_MS = 2 * SECOND_MS;
/** Concentrators and kinds at one time; more are not told until some are written. */
const GATHERED_MAX = 2_000;

/** Begins to gather. */
export function createLinkAlarms(ctx: FlowContext): LinkAlarms {
  let gathered = new Map<string, LinkAlarm>();
  const end = new AbortController();
  const loop = keepWriting();

  async function keepWriting(): Promise<void> {
    while (!end.signal.aborted) {
      await pause(WRITE_MS, end.signal);
      await write();
    }
  }

  async function write(): Promise<void> {
    const batch = gathered;
    if (batch.size === 0) return;
    gathered = new Map();
    try {
      await noteLinkAlarms(ctx, [...batch.values()]);
    } catch (error) {
      ctx.log.warn({ alarms: batch.size, error: String(error) }, "alarms of the door could not be written");
      for (const each of batch.values()) gather(each);
    }
  }

  /** True for the first of its kind since the last writing. */
  function gather(alarm: LinkAlarm): boolean {
    const key = `${alarm.code}|${alarm.kind}`;
    const known = gathered.get(key);
    if (known === undefined && gathered.size >= GATHERED_MAX) return false;
    gathered.set(key, known === undefined ? alarm : merged(known, alarm));
    return known === undefined;
  }

  return {
    raise(code, kind, { source }) {
      const at: Instant = ctx.clock();
      const isFirst = gather({ code, kind, source, firstAt: at, lastAt: at, times: 1 });
      if (isFirst) ctx.log.warn({ concentrator: code, alarm: kind, source }, "something is wrong at the door");
    },
    async close() {
      end.abort();
      await loop;
      await write();
    },
  };
}

function merged(a: LinkAlarm, b: LinkAlarm): LinkAlarm {
  const [first, last] = a.firstAt <= b.firstAt ? [a, b] : [b, a];
  return { ...last, firstAt: first.firstAt, times: a.times + b.times };
}
