import { afterEach, expect, test } from "vitest";
import { createTown, type Town } from "#simulator/town.ts";
import { openSite, type Site } from "./test-site.ts";

let site: Site | undefined;
let town: Town | undefined;

afterEach(async () => {
  await town?.close();
  await site?.close();
  town = undefined;
  site = undefined;
});

test("a concentrator whose meters never answer does not hold up the meters of another", async () => {
  const opened = await openSite({ concentrators: 2, metersPer: 6 });
  site = opened;
  const collector = await opened.collector({
    JICHAO_READ_INTERVAL_SECONDS: "1",
    JICHAO_EXCHANGE_TIMEOUT_MS: "1500",
  });
  const [dead = "", alive = ""] = opened.plan.concentrators.map(({ id }) => id);
  const played = createTown({
    plan: opened.plan,
    speed: 1,
    bus: { baud: "instant", replyDelayMs: 0 },
    faults: { concentrators: { [dead]: { loseAnswer: 1 } } },
  });
  town = played;
  played.dial({ host: "127.0.0.1", port: collector.linkPort });
  await played.whenOnline();
  const answersOf = async (concentrator: string) => {
    const addresses = opened.plan.meters
      .filter((each) => each.concentrator === concentrator)
      .map((each) => each.address);
    const ids = addresses.map((address) => opened.meterIds.get(address) ?? 0);
    const rows = await opened.db.read
      .selectFrom("reading")
      .select(["meter_id", "measured_at"])
      .where("meter_id", "in", ids)
      .where("received_at", ">", 0)
      .distinct()
      .execute();
    const times = new Map(ids.map((id) => [id, rows.filter((row) => row.meter_id === id).length]));
    return Math.min(...times.values());
  };
  // The silent one has not even got through its first question to all of its meters when the other has been round many times.
  await expect.poll(() => answersOf(alive), { interval: 100 }).toBeGreaterThanOrEqual(5);
  const { exchanges } = collector.state();
  expect(exchanges.timeout).toBeGreaterThan(0);
  expect(exchanges.answered).toBeGreaterThan(exchanges.timeout * 5);
});
