import { fromHex } from "#protocol/bytes.ts";
import { NO_CUSTOMER } from "./credit.ts";
import { type MeterPlan, meterPlan, type TownPlan } from "./plan.ts";

/** Numbers of spare meters begin here, beyond those of rooms. */
const FIRST_SPARE = 901;

/**
 * The town with some meters more that hang on the first concentrator and in nobody's archive: what somebody may exchange an old meter for. They come from
 * the shelf: without credit, therefore open, without a customer, and with a little on the register from the maker's test.
 */
export function withSpares(plan: TownPlan, count: number): TownPlan {
  const [first] = plan.concentrators;
  const masterKey = fromHex(plan.masterKey);
  if (first === undefined || masterKey === null) return plan;
  const spares = Array.from({ length: count }, (_, i): MeterPlan => {
    const drawn = meterPlan({ seed: plan.seed, masterKey, concentrator: first.id, c: 1, n: FIRST_SPARE + i });
    return {
      ...drawn,
      profile: "jc1",
      creditAt: "meter",
      closesBy: "direct",
      customerNumber: NO_CUSTOMER,
      tenant: NO_CUSTOMER,
      customerName: "",
      room: "备用",
      label: `备用-${i + 1}`,
      initialIndexWh: 120 * (i + 1),
      initialCreditWh: 0,
    };
  });
  return { ...plan, spares };
}
