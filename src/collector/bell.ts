/** Something to wait for: rung when there may be work. A ring that nobody hears is kept for the next who waits. */
export type Bell = {
  ring(): void;
  /** Resolves when rung, after `ms` milliseconds, or when the signal aborts; never rejects. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
};

/** A new bell, silent. Several may wait; one ring wakes them all. */
export function createBell(): Bell {
  let rung = false;
  const waiting = new Set<() => void>();
  return {
    ring() {
      if (waiting.size === 0) rung = true;
      for (const wake of [...waiting]) wake();
    },
    wait(ms, signal) {
      if (rung || signal?.aborted) {
        rung = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiting.add(wake);
        signal?.addEventListener("abort", wake, { once: true });
      });
    },
  };
}
