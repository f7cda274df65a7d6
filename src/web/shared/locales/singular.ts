/** Sentences by key, in trees. */
export type Tree = { readonly [key: string]: string | Tree };

/** What follows a single thing: `1 command waits`, where several wait. */
const verbs: Readonly<Record<string, string>> = { are: "is", were: "was", have: "has", wait: "waits", keep: "keeps" };

/**
 * English sentences that count, and beside each `key_one` what is said of one: i18next takes it when `count` is 1. Made by rule, because every
 * sentence that counts says `{{count}} things`; Chinese has no plural, so its table needs nothing.
 */
export function withSingulars(tree: Tree): Tree {
  const pairs = Object.entries(tree).flatMap(([key, value]): [string, string | Tree][] => {
    if (typeof value !== "string") return [[key, withSingulars(value)]];
    const one = singular(value);
    return one === value
      ? [[key, value]]
      : [
          [key, value],
          [`${key}_one`, one],
        ];
  });
  return Object.fromEntries(pairs);
}

/** `{{count}} meters are cleared` → `{{count}} meter is cleared`; the sentence itself when it does not count things. */
export function singular(sentence: string): string {
  return sentence.replace(
    /(\{\{count\}\} )([a-z]+)s\b(?: (are|were|have|wait|keep)\b)?/,
    (_, count: string, thing: string, verb: string | undefined) =>
      `${count}${thing.endsWith("ie") ? `${thing.slice(0, -2)}y` : thing}${verb === undefined ? "" : ` ${verbs[verb]}`}`,
  );
}
