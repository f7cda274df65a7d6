/** The filter in an address as a query: its names in one order, so that the same filter has one name in the cache. */
export function filterFrom(address: URLSearchParams, names: readonly string[]): string {
  const filter = new URLSearchParams();
  for (const name of names) {
    const value = address.get(name) ?? "";
    if (value !== "") filter.set(name, value);
  }
  return filter.toString();
}

/** An address with another filter; an empty value takes its name out. */
export function withFilter(address: URLSearchParams, change: Readonly<Record<string, string>>): URLSearchParams {
  const next = new URLSearchParams(address);
  for (const [name, value] of Object.entries(change)) {
    if (value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}
