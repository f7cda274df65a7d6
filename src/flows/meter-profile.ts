import { AppError } from "#base/errors.ts";
import { profileOf, topUpsMax } from "#protocol/profiles.ts";
import type { MeterKind, SwitchKind } from "#store/schema-archive.ts";

/** What an archive says of a meter and its profile knows of the model. */
type Described = {
  number: string;
  profile: string;
  kind: MeterKind;
  address: string;
  switchKind: SwitchKind;
  closesBy: "direct" | "button";
  creditAt: "meter" | "server";
  purchaseCount: number;
};
type Profile = NonNullable<ReturnType<typeof profileOf>>;

/** Refuses a meter whose archive says what its model cannot do: it would only show at a recharge or a trip. */
export function checkProfile(meter: Described): void {
  const profile = profileOf(meter.profile);
  if (profile === undefined) throw new AppError("profile_unknown", { profile: meter.profile });
  const what = mismatch(meter, profile);
  if (what !== null) throw new AppError("profile_mismatch", { number: meter.number, profile: meter.profile, what });
}

/** Why an archive does not fit what its profile says of the model; null when it does. */
function mismatch(meter: Described, profile: Profile): string | null {
  const own = profile.switch;
  if (profile.kind !== meter.kind) return `表计类别不符 (it is for ${profile.kind})`;
  if (!ADDRESSES[profile.protocol].test(meter.address))
    return `表地址 ${meter.address} 不符合规约 (no address of ${profile.protocol})`;
  // A valve sits in water and a relay in a wire; a breaker hangs on the relay.
  if (meter.switchKind !== "none" && own === null) return "该表型没有开关 (it has no switch)";
  if (meter.switchKind !== "none" && (meter.switchKind === "valve") !== (own?.kind === "valve")) {
    return `开关类型不符 (its switch is a ${own?.kind})`;
  }
  if (own?.closeBy === "only_form" && meter.closesBy === "button")
    return "该表型直接合闸,不需要按钮 (its supply is given back at once)";
  if (own?.closing === "by_button" && meter.closesBy === "direct")
    return "该表型只能按钮合闸 (its supply comes back by its button only)";
  if (meter.creditAt === "meter") {
    const countMax = topUpsMax(meter.profile);
    if (countMax === null)
      return "无法安全地向表内充值,余额须在系统内 (units cannot be sold into it: keep the credit on the server)";
    if (meter.purchaseCount >= countMax) return "购电次数已用尽 (its purchase numbers are used up)";
  }
  return null;
}

/** Addresses as they are printed: six bytes of DL/T 645, seven of CJ/T 188. */
const ADDRESSES = {
  "dlt645-2007": /^\d{12}$/,
  "dlt645-1997": /^\d{12}$/,
  cjt188: /^\d{14}$/,
} as const;
