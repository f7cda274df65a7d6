import type { WriteStream } from "node:tty";

/** A line is drawn anew at most so often. */
const DRAW_MS = 200;
const STAGES = { write: "写出 writing", read: "校验 checking", restore: "恢复 restoring" } as const;

/** One line that tells how far a backup is, on a terminal only; logs and timers get nothing of it. */
export function terminalProgress(stream: WriteStream): {
  told(at: { stage: keyof typeof STAGES; table: string; rows: number }): void;
  end(): void;
} {
  let drawnAt = 0;
  return {
    told({ stage, table, rows }) {
      if (!stream.isTTY || performance.now() - drawnAt < DRAW_MS) return;
      drawnAt = performance.now();
      stream.write(`\r\u001b[K${STAGES[stage]}  ${table}  ${rows.toLocaleString("en")}`);
    },
    end() {
      if (drawnAt > 0) stream.write("\r\u001b[K");
      drawnAt = 0;
    },
  };
}
