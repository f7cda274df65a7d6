/** Which option a key leads to in a list of `count`, or null when it is not a key of the list. Ends do not wrap. */
export function moveChoice(key: string, chosen: number, count: number): number | null {
  if (count === 0) return null;
  if (key === "ArrowDown") return Math.min(chosen + 1, count - 1);
  if (key === "ArrowUp") return Math.max(chosen - 1, 0);
  if (key === "PageDown") return Math.min(chosen + 8, count - 1);
  if (key === "PageUp") return Math.max(chosen - 8, 0);
  return null;
}
