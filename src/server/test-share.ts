/** A rule by which the public meter next door is shared: one member bears it all. */
export function shareTerms(meterId: number) {
  const members = [{ id: meterId, ratioBp: 10_000, areaCm: 0 }];
  const how = { method: "ratio", price: null, propertyBp: 0, factors: { low: 60, middle: 80, high: 100 } };
  return { kind: "box", sourceMeterId: meterId + 2, period: "day", ...how, members };
}

/** A version of it from a day on. */
export function shareRule(meterId: number, key: string, effectiveDay: string) {
  return { ...shareTerms(meterId), key, effectiveDay, reason: "公摊" };
}

/** An indoor unit behind that meter. */
export function hvacUnit(meterId: number, number: string) {
  const what = { number, label: number, outdoorMeterId: meterId + 2, payerMeterId: meterId, ownMeterId: null };
  return { unitId: null, version: 0, ...what, ratedW: 2_000, areaCm: 0, disabled: false, reason: "新装" };
}
