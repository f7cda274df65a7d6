import { expect, test } from "vitest";
import { runAbuse } from "./run.ts";

/** Two processes and a crowd of sockets, on a machine that runs many things at once. */
const CROWDED_MS = 180_000;

test(
  "good sessions go on while others knock, pretend, replay and lie, and no wrong reading is stored",
  async () => {
    const size = { sockets: 300, never: 100, storm: 20, storms: 1, seconds: 2 };
    const only = ["slowloris", "never-reading", "reconnect-storm", "id-collision", "replay", "older-and-other-answers"];
    const report = await runAbuse({ database: "sqlite", good: 5, size, only }, () => {});
    expect(report.attacks.map(({ attack }) => attack)).toEqual(only);
    for (const figures of report.attacks) {
      expect(figures).toMatchObject({ verdict: "held", wrongReadings: 0 });
      expect(figures.readings).toBeGreaterThan(0);
      expect(figures.backAfterSeconds).not.toBeNull();
    }
  },
  CROWDED_MS,
);
