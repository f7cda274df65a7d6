import { assert } from "#base/errors.ts";
import { pause } from "#system/clock.ts";
import { type Log, silentLog } from "#system/log.ts";
import { hostName, type MysqlAddress, type MysqlHost } from "./mysql-address.ts";
import { type NodeLook, type NodeWatch, nodeWatch } from "./mysql-node.ts";

/**
 * The one node that all connections of this program go to. With one host in the address that is it, always. Of several it is the first
 * that is ready and that programs are using already, else the first that is ready: so all programs meet on one, stay there when an earlier
 * one comes back, and meet again when the network has parted them for a while.
 */
export type Writer = {
  /** Where to go now; waits a little while one is looked for, then fails as a database that is away. */
  current(): Promise<MysqlHost>;
  /** Something went wrong on a node: it is looked at at once, and left when it is not well. */
  suspect(host: MysqlHost): void;
  /** Hears when a node is left. `gone`: nothing that was asked there will be answered; else what is under way may end there. */
  onLeave(hear: (host: MysqlHost, how: "gone" | "moved") => void): void;
  /** All nodes as they are now. */
  looks(): Promise<NodeLook[]>;
  close(): void;
};

/** How often the node in use is looked at: the most that is lost before a frozen one is found, beside the look's own patience. */
const WATCH_MS = 1_000;
/** Every so many looks all nodes are looked at, for programs that were parted. */
const ROUND_EVERY = 5;
/** A better node is moved to when two rounds say so: what is there for a moment only is not worth a move. */
const ROUNDS_TO_MOVE = 2;
/** A question waits so long for a node before its caller is told that the database is away; he asks again. */
const WAIT_MS = 8_000;
const AGAIN_MS_MIN = 100;
const AGAIN_MS_MAX = 1_000;

/** No node of the list can be written to. */
export class NoNode extends Error {
  readonly code = "NO_NODE";
}

/** Makes the choice for one program. */
export function mysqlWriter(address: MysqlAddress, log: Log = silentLog): Writer {
  const [only, ...others] = address.hosts;
  if (others.length === 0) return singleWriter(address, only);
  const watches = address.hosts.map((host) => nodeWatch(address, host));
  const hearers: ((host: MysqlHost, how: "gone" | "moved") => void)[] = [];
  const closing = new AbortController();
  let now: MysqlHost | null = null;
  let last: MysqlHost | null = null;
  let cluster: string | null = null;
  let lost: MysqlHost | null = null;
  let seeking: Promise<MysqlHost> | null = null;
  let checking = false;
  let watching = false;

  const watchOf = (host: MysqlHost) => {
    const found = watches.find((watch) => watch.host === host);
    assert(found !== undefined, "a host of this address");
    return found;
  };
  const lookAt = async (some: readonly NodeWatch[]) =>
    inOneCluster(await Promise.all(some.map((watch) => watch.look())), cluster);
  const looks = () => lookAt(watches);

  async function seek(): Promise<MysqlHost> {
    for (let round = 1; !closing.signal.aborted; round++) {
      // The one that was just found silent would only be waited for in vain.
      const found = await lookAt(watches.filter(({ host }) => round > 1 || host !== lost));
      lost = null;
      const chosen = choose(found, null);
      if (chosen !== null && (await isCaughtUp(chosen))) {
        now = chosen.host;
        cluster ??= chosen.cluster;
        if (last === null) log.info({ node: chosen.name }, "database node chosen");
        else if (last !== now)
          log.warn({ node: chosen.name, before: hostName(last) }, "went on at another database node");
        last = now;
        return now;
      }
      if (round === 1)
        log.warn({ nodes: found.map(({ name, state }) => `${name} ${state}`) }, "no database node is ready");
      // Not in step with the other programs, or all of them knock at a node at once when it comes back.
      const most = Math.min(AGAIN_MS_MAX, AGAIN_MS_MIN * 2 ** Math.min(round, 10));
      await pause(most / 2 + (Math.random() * most) / 2, closing.signal);
    }
    throw new NoNode("the database was closed");
  }

  /** What was acknowledged anywhere before must be seen by the first question here, or it would be decided by the past. */
  async function isCaughtUp(chosen: NodeLook): Promise<boolean> {
    try {
      await watchOf(chosen.host).catchUp();
      return true;
    } catch (error) {
      log.warn({ node: chosen.name, error: String(error) }, "database node did not catch up");
      return false;
    }
  }

  function find(): Promise<MysqlHost> {
    seeking ??= seek().finally(() => {
      seeking = null;
    });
    seeking.catch(() => {}); // told to whoever waits
    return seeking;
  }

  function leave(how: "gone" | "moved", look: NodeLook): void {
    if (now !== look.host || closing.signal.aborted) return;
    now = null;
    lost = look.host;
    log.warn(
      { node: look.name, state: look.state },
      how === "gone" ? "database node was lost" : "leaving a database node",
    );
    for (const hear of hearers) hear(look.host, how);
    find();
  }

  async function check(host: MysqlHost): Promise<void> {
    if (checking || now !== host) return;
    checking = true;
    const [look] = await lookAt([watchOf(host)]);
    checking = false;
    if (look === undefined) return;
    if (look.state !== "ready" && look.state !== "behind") leave("gone", look);
  }

  async function watch(): Promise<void> {
    let better = 0;
    for (let round = 1; !closing.signal.aborted; round++) {
      await pause(WATCH_MS, closing.signal);
      if (now === null || closing.signal.aborted) continue;
      await check(now);
      if (round % ROUND_EVERY !== 0 || now === null) continue;
      const found = await looks();
      const own = found.find(({ host }) => host === now);
      const isBetter = own !== undefined && choose(found, now)?.host !== now;
      better = isBetter ? better + 1 : 0;
      if (own === undefined || better < ROUNDS_TO_MOVE) continue;
      better = 0;
      leave("moved", own);
    }
  }

  return {
    async current() {
      if (!watching) {
        watching = true;
        void watch();
      }
      if (now !== null) return now;
      const ended = new AbortController();
      const late = pause(WAIT_MS, ended.signal).then(() => {
        throw new NoNode("no node of the database is ready");
      });
      try {
        return await Promise.race([find(), late]);
      } finally {
        late.catch(() => {});
        ended.abort();
      }
    },
    suspect: (host) => void check(host),
    onLeave: (hear) => void hearers.push(hear),
    looks,
    close() {
      closing.abort();
      for (const each of watches) each.close();
    },
  };
}

/**
 * The node that a program should be on: the first that is ready and in use, by this program or by others, else the first that is ready;
 * one that is behind only when there is no other.
 */
export function choose(found: readonly NodeLook[], own: MysqlHost | null): NodeLook | null {
  const able = ["ready", "behind"]
    .map((state) => found.filter((look) => look.state === state))
    .find(({ length }) => length > 0);
  return able?.find(({ host, sessions }) => sessions > 0 || host === own) ?? able?.[0] ?? null;
}

/**
 * Takes nodes that do not belong to the cluster for parted from it, however ready they are: one that was started alone, or given other
 * data, holds a past of its own, and what was paid since is not in it. The cluster is the one that this program has used before, else the
 * largest. Where no node is in any, all are taken as they are.
 */
export function inOneCluster(found: readonly NodeLook[], before: string | null): NodeLook[] {
  const [largest] = found
    .filter(({ state, cluster }) => cluster !== null && (state === "ready" || state === "behind"))
    .toSorted((a, b) => (b.size ?? 0) - (a.size ?? 0));
  const own = before ?? largest?.cluster ?? null;
  return found.map((look) =>
    own === null || look.state === "away" || look.cluster === own ? look : { ...look, state: "apart" },
  );
}

/** Where a single piece of work goes: for tools that need no more than one connection. */
export async function oneNode(address: MysqlAddress): Promise<MysqlHost> {
  if (address.hosts.length === 1) return address.hosts[0];
  const writer = mysqlWriter(address);
  try {
    return await writer.current();
  } finally {
    writer.close();
  }
}

/** One host: nothing to choose, and nothing to watch. */
function singleWriter(address: MysqlAddress, host: MysqlHost): Writer {
  const watch = nodeWatch(address, host);
  return {
    current: async () => host,
    suspect: () => {},
    onLeave: () => {},
    looks: async () => [await watch.look()],
    close: () => watch.close(),
  };
}
