import { systemClock } from "#system/clock.ts";
import { faultPoint } from "#system/fault-point.ts";

/** A mistake of whoever runs the command, or something about the machine, in both languages: nothing was broken by it. */
export class Refused extends Error {
  constructor(zh: string, en: string, options?: { cause?: unknown }) {
    super(`${zh}\n${en}`, options as ErrorOptions);
    this.name = "Refused";
  }
}

/** Does steps one after the other, says each with its time, and remembers them for the report. */
export type Steps = {
  do<T>(name: string, what: string, work: () => Promise<T> | T): Promise<T>;
  done(): { step: string; ms: number }[];
};

/** Steps that are told to a person line by line. A crash test may kill the program at the end of each (`release:after-<name>`). */
export function steps(say: (line: string) => void): Steps {
  const behind: { step: string; ms: number }[] = [];
  return {
    async do(name, what, work) {
      const began = systemClock();
      const result = await work();
      const ms = systemClock() - began;
      behind.push({ step: name, ms });
      say(`  ${what}  ${(ms / 1000).toFixed(1)} s`);
      faultPoint(`release:after-${name}`);
      return result;
    },
    done: () => [...behind],
  };
}
