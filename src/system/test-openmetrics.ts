import { assert } from "#base/errors.ts";

/** One sample as a stranger reads it: `jichao_sessions{link="jichao"}` and its value. */
export type Sample = { name: string; labels: Readonly<Record<string, string>>; value: number };

/** A family of samples under one name, as declared by its TYPE line. */
export type Family = { type: string; help: string; samples: Sample[] };

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  gauge: [""],
  counter: ["_total"],
  histogram: ["_bucket", "_count", "_sum"],
};
const SAMPLE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/**
 * Reads OpenMetrics 1.0 text, written from the specification and not from the library that makes it. Strict: families in one piece, each
 * with TYPE and HELP, names with the suffix of their type, cumulative buckets up to +Inf, `# EOF` last.
 */
export function readOpenMetrics(text: string): Map<string, Family> {
  assert(text.endsWith("# EOF\n"), "the text ends with # EOF");
  const families = new Map<string, Family>();
  let current: { name: string; family: Family } | undefined;
  for (const line of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE|UNIT) ([a-z_]+) (.*)$/.exec(line) ?? [];
    if (keyword !== undefined) {
      if (current?.name !== name) {
        assert(!families.has(name), `${name} is in one piece`);
        current = { name, family: { type: "", help: "", samples: [] } };
        families.set(name, current.family);
      }
      if (keyword === "HELP") current.family.help = rest;
      if (keyword === "TYPE") current.family.type = rest;
      continue;
    }
    assert(current !== undefined, `a sample without a family: ${line}`);
    current.family.samples.push(readSample(line, current));
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function readSample(line: string, { name, family }: { name: string; family: Family }): Sample {
  const [, sampleName = "", labelText = "", number = ""] = SAMPLE.exec(line) ?? [];
  const suffixes = SUFFIXES[family.type];
  assert(
    suffixes?.some((suffix) => sampleName === name + suffix),
    `${line} does not belong to ${family.type} ${name}`,
  );
  const value = number === "+Inf" ? Number.POSITIVE_INFINITY : Number(number);
  assert(!Number.isNaN(value), `a number: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labelText.length) {
    const [, label, text] = LABEL.exec(labelText) ?? [];
    assert(label !== undefined && text !== undefined && !(label in labels), `labels: ${line}`);
    labels[label] = text;
  }
  return { name: sampleName, labels, value };
}

function checkFamily(name: string, { type, help, samples }: Family): void {
  assert(help !== "" && type in SUFFIXES, `${name} says what it is`);
  if (type === "counter") assert(!name.endsWith("_total"), `${name}: the suffix belongs to the sample`);
  if (type !== "histogram") return;
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, own] of series) {
    const buckets = own.filter((each) => each.name === `${name}_bucket`);
    const ends = buckets.map((each) => (each.labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(each.labels.le)));
    assert(ends.at(-1) === Number.POSITIVE_INFINITY, `${name}${key} has an end`);
    for (let i = 1; i < buckets.length; i++) {
      assert(ends[i]! > ends[i - 1]! && buckets[i]!.value >= buckets[i - 1]!.value, `${name}${key} is cumulative`);
    }
    const count = own.find((each) => each.name === `${name}_count`);
    assert(count?.value === buckets.at(-1)?.value, `${name}${key} counts what is in its buckets`);
  }
}
