import { parseArgs } from "node:util";
import { formatInstant, instant } from "#base/time.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { lookAtQuarantine, releaseMeter, releaseTripsAtHost } from "#flows/quarantine.ts";
import { currentRestore, heldMeterPage, quarantineCounts } from "#store/quarantine.ts";
import type { Environment } from "#system/environment.ts";
import { standUp } from "./programs.ts";

const USAGE = `用法 usage:
  jichao quarantine                                                 隔离进度与待处理表计 progress, and the meters that wait
  jichao quarantine release --meter 编号ID --by 姓名NAME --reason 原因  放行一只表 let one meter go on
  jichao quarantine lift --by 姓名NAME --reason 原因REASON            允许拉闸 let trips leave again`;

/** Meters told at once. */
const METERS_MAX = 200;

/**
 * `jichao quarantine`: what a restored system still waits for, and the way out of it for one person at the host; on the page two are needed for trips.
 * Exit code 3 while the system is in quarantine.
 */
export async function quarantineCommand(args: readonly string[], env: Environment): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      by: { type: "string", default: "" },
      reason: { type: "string", default: "" },
      meter: { type: "string", default: "" },
    },
  });
  const [verb = "status"] = positionals;
  const isKnown = verb === "status" || verb === "lift" || (verb === "release" && /^\d{1,9}$/.test(values.meter));
  if (!isKnown || positionals.length > 1 || (verb !== "status" && (values.by === "" || values.reason === ""))) {
    console.error(USAGE);
    return 2;
  }
  const footing = await standUp("quarantine", env, "warn");
  try {
    const { by, reason } = values;
    if (verb === "release") {
      await releaseMeter(footing, { login: by, scope: SCOPE_ALL }, { meterId: Number(values.meter), reason, ip: "" });
    }
    if (verb === "lift") await releaseTripsAtHost(footing, { by, reason });
    await lookAtQuarantine(footing);
    const read = footing.db.read;
    const restore = await currentRestore(read);
    if (restore === null) {
      console.log(JSON.stringify({ quarantine: false }));
      return 0;
    }
    const { commands, ...meters } = await quarantineCounts(read, SCOPE_ALL);
    console.log(
      JSON.stringify(
        {
          quarantine: true,
          restoredAt: formatInstant(instant(restore.restored_at)),
          snapshotAt: formatInstant(instant(restore.snapshot_at)),
          tripsBarred: restore.trips_released_at === null,
          meters,
          commandsWaiting: commands,
          held: (await heldMeterPage(read, SCOPE_ALL, METERS_MAX)).map((row) => ({
            meter: row.meter_id,
            label: row.label,
            number: row.number,
            state: row.state,
            why: row.reason,
            booked: row.booked,
            shown: row.shown,
          })),
        },
        null,
        2,
      ),
    );
    return 3;
  } finally {
    await footing.end();
  }
}
