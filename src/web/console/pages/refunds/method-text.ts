import i18next from "i18next";
import type { Refund } from "#contract/refunds.ts";
import { channelText } from "../recharge/channel-text.ts";

/** How a refund is paid back, in words; the way it came with its channel. Empty where nothing is paid. */
export function methodText({ method, orderChannel }: Pick<Refund, "method" | "orderChannel">): string {
  if (method === "") return "";
  if (method === "original" && orderChannel !== null)
    return i18next.t("refunds.originalBy", { channel: channelText(orderChannel) });
  return i18next.t(`refunds.method.${method}`);
}
