/** Whether a meter's remaining credit calls for a warning: only prepaid ones, at or below their limit. Amounts in Wh or litres. */
export function isLowCredit(meter: {
  mode: "prepaid" | "postpaid" | "public";
  remainingWh: number;
  limitWh: number;
}): boolean {
  return meter.mode === "prepaid" && meter.remainingWh <= meter.limitWh;
}
