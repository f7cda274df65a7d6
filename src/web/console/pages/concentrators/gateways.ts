import type { ConcentratorView } from "#contract/collection.ts";

/** Meters on a bus behind which another may hang (网关表): on the wire themselves, with an address of twelve digits. As choices of a form. */
export function gatewaysOn(
  there: ConcentratorView | undefined,
  bus: number,
  except: number | null,
): { value: string; label: string }[] {
  return (there?.meterList ?? [])
    .filter((each) => each.bus === bus && each.gatewayId === null && each.meterId !== except)
    .filter((each) => /^\d{12}$/.test(each.address))
    .map((each) => ({ value: String(each.meterId), label: `${each.label} · ${each.address}` }));
}
