import { expect, test } from "vitest";
import { hostName, type MysqlHost } from "./mysql-address.ts";
import type { NodeLook, NodeState } from "./mysql-node.ts";
import { choose, inOneCluster } from "./mysql-writer.ts";

const hosts: MysqlHost[] = ["a", "b", "c"].map((host) => ({ host, port: 3306 }));

/** Three nodes in the order of the address: their states, and how many sessions of programs each has. */
function looks(...nodes: [NodeState, number][]): NodeLook[] {
  return nodes.map(([state, sessions], i) => {
    const host = hosts[i] ?? { host: "x", port: 1 };
    return { host, name: hostName(host), state, cluster: "c1", size: 3, sessions };
  });
}

const at = (i: number) => hosts[i] ?? null;
const chosen = (found: NodeLook[], own: MysqlHost | null = null) => choose(found, own)?.host.host ?? null;

test("a fresh system begins at the first node that is ready", () => {
  expect(chosen(looks(["ready", 0], ["ready", 0], ["ready", 0]))).toBe("a");
  expect(chosen(looks(["away", 0], ["ready", 0], ["ready", 0]))).toBe("b");
});

test("nobody goes back to an earlier node while programs are at work on another", () => {
  expect(chosen(looks(["ready", 0], ["ready", 9], ["ready", 0]))).toBe("b");
  expect(chosen(looks(["ready", 0], ["ready", 0], ["ready", 0]), at(1))).toBe("b");
});

test("programs that were parted meet again, and never change places", () => {
  const parted = looks(["ready", 4], ["ready", 0], ["ready", 4]);
  expect([chosen(parted, at(0)), chosen(parted, at(2))]).toEqual(["a", "a"]);
});

test("a node that lends its data or catches up serves only when there is no other", () => {
  expect(chosen(looks(["behind", 9], ["ready", 0], ["away", 0]), at(0))).toBe("b");
  expect(chosen(looks(["behind", 0], ["away", 0], ["behind", 3]))).toBe("c");
});

test("a node that has lost the others, refuses to write or is silent is never chosen", () => {
  expect(chosen(looks(["apart", 9], ["read_only", 9], ["away", 0]), at(0))).toBe(null);
});

test("a node that was started alone, or belongs to another cluster, is never taken for one of ours", () => {
  const [a, b, c] = looks(["ready", 9], ["ready", 0], ["ready", 0]);
  if (!a || !b || !c) throw new Error("three nodes");
  const alone = { ...a, cluster: null, size: null };
  const other = { ...c, cluster: "c2", size: 1 };
  expect(inOneCluster([alone, b, other], null).map(({ state }) => state)).toEqual(["apart", "ready", "apart"]);
  // The rest of the cluster is down: what is left is not gone to.
  const down = { ...b, state: "away", cluster: null, size: null } as const;
  expect(inOneCluster([alone, down, other], "c1").map(({ state }) => state)).toEqual(["apart", "away", "apart"]);
  expect(choose(inOneCluster([alone, down, other], "c1"), null)).toBe(null);
  // Databases that know no clusters of this kind.
  const plain = [alone, { ...b, cluster: null, size: null }];
  expect(inOneCluster(plain, null)).toEqual(plain);
});
