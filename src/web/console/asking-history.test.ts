import { UNSAFE_createMemoryHistory as createMemoryHistory } from "react-router";
import { beforeEach, expect, test } from "vitest";
import { askingHistory, type History, type Leaving } from "./asking-history.ts";

let typed: boolean;
let asked: Leaving[];
let seen: string[];
let history: History;
beforeEach(() => {
  typed = false;
  asked = [];
  seen = [];
  const memory = createMemoryHistory({ initialEntries: ["/a", "/b", "/c"], initialIndex: 1, v5Compat: true });
  history = askingHistory(memory, { holds: () => typed, ask: (leaving) => asked.push(leaving) });
  history.listen(({ location }) => seen.push(location.pathname));
});

const here = () => history.location.pathname;

test("with nothing typed it goes wherever it is told", () => {
  history.push("/d", null);
  history.go(-1);
  history.replace("/e", null);
  expect([seen, here(), asked.length]).toEqual([["/d", "/b", "/e"], "/e", 0]);
});

test("a link waits for the answer, and staying is no answer at all", () => {
  typed = true;
  history.push("/d", null);
  expect([seen, here(), asked.length]).toEqual([[], "/b", 1]);
  typed = false;
  asked[0]?.leave();
  expect([seen, here()]).toEqual([["/d"], "/d"]);
});

test.each([
  [-1, "/a"],
  [1, "/c"],
])("a step of %i in the browser is taken back, and taken when the answer is to leave", (step, there) => {
  const memory = createMemoryHistory({ initialEntries: ["/a", "/b", "/c"], initialIndex: 1, v5Compat: true });
  const asking = askingHistory(memory, { holds: () => typed, ask: (leaving) => asked.push(leaving) });
  asking.listen(({ location }) => seen.push(location.pathname));
  typed = true;
  memory.go(step); // the browser's own button
  expect([seen, asking.location.pathname, asked.length]).toEqual([[], "/b", 1]);
  typed = false;
  asked[0]?.leave();
  expect([seen, asking.location.pathname]).toEqual([[there], there]);
  memory.go(-step);
  expect(seen).toEqual([there, "/b"]);
});
