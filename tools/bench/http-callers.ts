import { Agent, get } from "node:http";
import { performance } from "node:perf_hooks";
import { randomStream } from "#simulator/random.ts";
import { pause } from "#system/clock.ts";

/** Where a question is asked, and how often among all questions: `weight` (whole) of the sum of all weights. */
export type Asked = { name: string; weight: number; path(round: number): string };

/** What came of it: how long each answer took to its last byte, ms, by the name of the question. */
export type Took = Map<string, number[]>;

/** Somebody at a desk: the session, and a socket of his own that stays open. */
type Desk = { port: number; cookie: string };

/**
 * People at their desks: each looks at what came, on average for `thinkMs`, and asks the next thing, drawn by the weights. They do not wait
 * for each other, so a slow answer delays only its own desk. An answer that is none ends it all, unless `failed` is there to be told.
 */
export async function people(
  desks: readonly Desk[],
  asked: readonly Asked[],
  { seconds, thinkMs, failed }: { seconds: number; thinkMs: number; failed?: (why: string) => void },
): Promise<Took> {
  const took: Took = new Map(asked.map(({ name }) => [name, []]));
  const until = performance.now() + seconds * 1_000;
  // Each stands in the bag as often as it weighs.
  const bag = asked.flatMap((each) => Array.from({ length: each.weight }, () => each));
  await Promise.all(
    desks.map(async (desk, nth) => {
      const random = randomStream(nth, 6_200);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let round = nth; ; round += desks.length) {
        await pause(-Math.log(1 - random()) * thinkMs);
        if (performance.now() > until) break;
        const one = bag[Math.floor(random() * bag.length)];
        if (one === undefined) throw new Error("nothing to ask");
        try {
          took.get(one.name)?.push(await timed(agent, desk, one.path(round)));
        } catch (error) {
          if (failed === undefined) throw error;
          failed(error instanceof Error ? error.message : String(error));
        }
      }
      agent.destroy();
    }),
  );
  return took;
}

/** How many answers a second come when so many ask without a pause. */
export async function flood(desks: readonly Desk[], { path }: Asked, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  const began = performance.now();
  let answers = 0;
  await Promise.all(
    desks.map(async (desk, nth) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let round = nth; performance.now() < until; round += desks.length, answers++) {
        await timed(agent, desk, path(round));
      }
      agent.destroy();
    }),
  );
  return (answers * 1_000) / (performance.now() - began);
}

/** One question to the last byte of its answer; the text is not unpacked: that is the browser's work, on another machine. */
function timed(agent: Agent, { port, cookie }: Desk, path: string): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { cookie, "accept-encoding": "gzip" };
    get({ agent, port, host: "127.0.0.1", path, headers }, (answer) => {
      answer.resume();
      answer.once("error", reject);
      answer.once("end", () => {
        if (answer.statusCode === 200) resolve(performance.now() - began);
        else reject(new Error(`${path} was answered with ${answer.statusCode}`));
      });
    }).once("error", reject);
  });
}
