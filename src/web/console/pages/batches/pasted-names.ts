/** Meter numbers or addresses in a pasted text, each once: one a line, in cells, or with commas or spaces between. */
export function pastedNames(text: string): string[] {
  return [...new Set(text.split(/[\s,，;；、]+/).filter((each) => each !== ""))];
}
