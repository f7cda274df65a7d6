/** The attacks in the order in which they are run: who judges a run knows which it had to try. */
export const attackNames = [
  "slowloris",
  "silent",
  "never-reading",
  "reconnect-storm",
  "flapping",
  "id-collision",
  "replay",
  "bad-line",
  "older-and-other-answers",
  "database-gone",
  "database-disk-full",
  "capture-disk-full",
  "clock-jumps",
] as const;

/** One of them. */
export type AttackName = (typeof attackNames)[number];
