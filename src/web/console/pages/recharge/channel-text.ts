import i18next from "i18next";
import type { Messages } from "#web/shared/locales/zh-CN.ts";

/** How an order was paid, in words; a channel that we have no words for as it is. */
export function channelText(channel: string): string {
  const words: Readonly<Record<string, string>> = i18next.t("recharge.channels", {
    returnObjects: true,
  }) satisfies Messages["recharge"]["channels"];
  return words[channel] ?? channel;
}
