/** The page that shows what `refund:F20260801000001` names, as audit and approvals say it; null when there is none. */
export function objectPath(object: string): string | null {
  const [kind = "", id = ""] = object.split(":");
  const at = encodeURIComponent(id);
  if (id === "") return object === kind && Object.hasOwn(alone, kind) ? (alone[kind] ?? null) : null;
  return Object.hasOwn(paths, kind) ? (paths[kind]?.(at) ?? null) : null;
}

const paths: Readonly<Record<string, (id: string) => string>> = {
  meter: (id) => `/?meter=${id}`,
  order: (id) => `/records/${id}`,
  payment: (id) => `/payments/${id}`,
  refund: (id) => `/refunds/${id}`,
  move_out: (id) => `/move-outs/${id}`,
  group: (id) => `/groups/${id}`,
  shift: (id) => `/shifts/${id}`,
  customer: (id) => `/customers/${id}`,
  concentrator: (id) => `/concentrators/${id}`,
  // A channel is `<concentrator>/<bus>`.
  channel: (id) => `/concentrators/${id.split("%2F")[0]}`,
  exchange: (id) => `/exchanges/${id}`,
  trial: (id) => `/trials/${id}`,
  switch_batch: (id) => `/switch-batches/${id}`,
  import: (id) => `/imports/${id}`,
  price: () => "/prices?view=changes",
  tariff: () => "/prices",
  item_set: () => "/settings/collection",
  no_cut: () => "/supply",
  difference: () => "/reconcile",
  export: () => "/exports",
};

const alone: Readonly<Record<string, string>> = { calendar: "/supply", restore: "/quarantine" };
