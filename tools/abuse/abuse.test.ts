import { expect, test } from "vitest";
import type { AttackName } from "./attack-names.ts";
import { isHeld, runAbuse } from "./run.ts";

/** Two processes and a crowd of sockets, on a machine that runs many things at once. */
const CROWDED_MS = 180_000;

test("attacks of which none could be run are not held", () => {
  const [held, broken, notRun] = (["held", "broken", "not run"] as const).map((verdict) => ({ verdict }));
  expect([[], [notRun!, notRun!], [held!, broken!]].map(isHeld)).toEqual([false, false, false]);
  expect([[held!], [held!, notRun!]].map(isHeld)).toEqual([true, true]);
});

test(
  "good sessions go on while others knock, pretend, replay and lie, and no wrong reading is stored",
  async () => {
    const size = { sockets: 300, never: 100, storm: 20, storms: 1, seconds: 2 };
    const only: AttackName[] = [
      "slowloris",
      "never-reading",
      "reconnect-storm",
      "id-collision",
      "replay",
      "older-and-other-answers",
    ];
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
