import type { ConcentratorMade, ConcentratorView } from "#contract/collection.ts";
import type { Command } from "#contract/metering.ts";
import { pause, systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { type Client, Refused } from "./client.ts";

const READ_POLL_MS = 300;
/** A concentrator over a bad link may take this long; then the meter is called silent here, the command goes on. */
const READ_MS_MAX = 60_000;

/** A key of a request that was not made before. */
export function requestKey(): string {
  return newId(systemClock());
}

/** Gives the meters of a concentrator, or of one of its channels, another cycle; null: as the level above. */
export async function setCycle(
  client: Client,
  input: { id: number; bus: number | null; seconds: number | null },
): Promise<void> {
  const seen = await client.concentrator(input.id);
  if (input.bus === null) {
    const { name, version } = seen;
    await client.post(`/concentrators/${seen.id}/edit`, { name, version, readIntervalS: input.seconds });
    return;
  }
  const { meters: _, cycleS: __, ...channel } = channelOf(seen, input.bus);
  await client.post(`/concentrators/${seen.id}/channels`, { ...channel, readIntervalS: input.seconds });
}

/** Gives a channel or a meter another item set; null: as the level above. */
export async function setItems(
  client: Client,
  input: { id: number; bus: number | null; meterId: number | null; itemSetId: number | null },
): Promise<void> {
  const seen = await client.concentrator(input.id);
  if (input.meterId !== null) {
    const { label, version } = meterOf(seen, input.meterId);
    await client.post(`/meters/${input.meterId}/edit`, { label, version, itemSetId: input.itemSetId });
    return;
  }
  const { meters: _, cycleS: __, ...channel } = channelOf(seen, input.bus ?? 1);
  await client.post(`/concentrators/${seen.id}/channels`, { ...channel, itemSetId: input.itemSetId });
}

/** Renames a concentrator, one of its channels, or one of its meters. */
export async function rename(
  client: Client,
  input: { id: number; bus: number | null; meterId: number | null; name: string },
): Promise<void> {
  const seen = await client.concentrator(input.id);
  if (input.meterId !== null) {
    const { itemSetId, version } = meterOf(seen, input.meterId);
    await client.post(`/meters/${input.meterId}/edit`, { label: input.name, itemSetId, version });
  } else if (input.bus !== null) {
    const { meters: _, cycleS: __, ...channel } = channelOf(seen, input.bus);
    await client.post(`/concentrators/${seen.id}/channels`, { ...channel, name: input.name });
  } else {
    const { readIntervalS, version } = seen;
    await client.post(`/concentrators/${seen.id}/edit`, { name: input.name, readIntervalS, version });
  }
}

/** Speaks to a meter in another way from now on. */
export async function setProtocol(
  client: Client,
  input: { id: number; meterId: number; profile: string; address: string | null; reason: string },
): Promise<void> {
  const meter = meterOf(await client.concentrator(input.id), input.meterId);
  const { profiles } = await client.get<{ profiles: { name: string; switchKind: string; closesBy: string }[] }>(
    "/places",
  );
  const model = profiles.find((each) => each.name === input.profile);
  if (!model) throw new Refused("profile_unknown", `没有这个表型 (no such model): ${input.profile}`);
  const keeps = meter.switchKind === "breaker" || meter.switchKind === "none";
  await client.post(`/meters/${input.meterId}/protocol`, {
    profile: input.profile,
    address: input.address ?? meter.address,
    switchKind: keeps ? meter.switchKind : model.switchKind,
    closesBy: model.closesBy,
    version: meter.version,
    reason: input.reason,
    confirmed: true,
  });
}

/** Another device takes a concentrator's place; the new key is in the answer, once. */
export async function replace(
  client: Client,
  input: { id: number; code: string; linkKey: string | null; reason: string },
): Promise<ConcentratorMade> {
  const { id, ...body } = input;
  const { version } = await client.concentrator(id);
  return client.post(`/concentrators/${id}/replace`, { ...body, key: requestKey(), version, confirmed: true });
}

/** Reads a meter now; how it ended, and how long it took, in ms. */
export async function testRead(client: Client, meterId: number): Promise<{ command: Command; tookMs: number }> {
  const since = systemClock();
  const { commandId } = await client.post<{ commandId: string }>(`/meters/${meterId}/read`, { key: requestKey() });
  for (;;) {
    const command = await client.command(commandId);
    const tookMs = systemClock() - since;
    const isOpen = ["waiting", "sent", "unknown"].includes(command.state);
    if (!isOpen || tookMs > READ_MS_MAX) return { command, tookMs };
    await pause(READ_POLL_MS);
  }
}

function channelOf(seen: ConcentratorView, bus: number) {
  const found = seen.channels.find((each) => each.bus === bus);
  if (!found) throw new Refused("channel_not_found", `没有通道 ${bus} (no such channel)`);
  return found;
}

function meterOf(seen: ConcentratorView, meterId: number) {
  const found = seen.meterList.find((each) => each.meterId === meterId);
  if (!found) throw new Refused("meter_not_found", `该集中器下没有表 ${meterId} (no such meter behind it)`);
  return found;
}
