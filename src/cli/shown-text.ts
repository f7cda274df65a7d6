/**
 * A text as it may be shown on a terminal. Names come from people and devices: what a terminal would obey (move the cursor, change its
 * title, answer as if somebody had typed) or that turns the order of signs around stands there as a mark.
 */
export function shownText(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, "\ufffd");
}

/** The same for JSON: what {@link shownText} takes away is escaped, so that the value stays what it is. */
export function shownJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
