import { formatInstant, instant } from "#base/time.ts";
import type { BusFrame, Channel, ConcentratorLine, MeterOnChannel } from "#contract/collection.ts";
import { SIGNAL_WEAK_DBM } from "#domain/collection.ts";
import { fitted } from "./width.ts";

const MISSING = "—";

/** `15:45:12` in Asia/Shanghai. */
export function clock(ms: number): string {
  return ms === 0 ? MISSING : formatInstant(instant(ms)).slice(11);
}

/** A cycle in words. */
export function cycle(seconds: number | null): string {
  if (seconds === null) return "沿用/默认";
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} 分钟` : `${seconds} 秒`;
}

/** One concentrator on a line of 78 columns. */
export function concentratorLine(each: ConcentratorLine): string {
  const state = each.retiredAt !== null ? "停用" : each.online ? "在线" : "离线";
  const rate = each.asked === 0 ? MISSING : `${((each.answered / each.asked) * 100).toFixed(1)}%`;
  const weak = each.rssiDbm !== null && each.rssiDbm < SIGNAL_WEAK_DBM ? "弱" : "";
  const signal = each.rssiDbm === null ? MISSING : `${each.rssiDbm}dBm${weak}`;
  return [
    fitted(String(each.id), 4),
    fitted(each.name, 16),
    fitted(each.code, 13),
    fitted(state, 5),
    fitted(clock(each.lastSeenAt), 9),
    fitted(rate, 7),
    fitted(`${each.meters}/${each.metersMax}`, 8),
    fitted(String(each.queue), 4),
    fitted(signal, 10),
  ].join(" ");
}

/** The heads of {@link concentratorLine}. */
export const CONCENTRATOR_HEAD = [
  fitted("号", 4),
  fitted("名称", 16),
  fitted("编号", 13),
  fitted("状态", 5),
  fitted("最后通信", 9),
  fitted("成功率", 7),
  fitted("表数", 8),
  fitted("待办", 4),
  fitted("信号", 10),
].join(" ");

/** One channel on a line. */
export function channelLine(each: Channel): string {
  const speed = each.baud === null ? "按表型" : String(each.baud);
  const state = each.enabled ? "启用" : "停用";
  return `通道 ${fitted(String(each.bus), 4)}${fitted(each.name, 18)} ${fitted(each.kind, 6)} ${fitted(speed, 7)} 周期 ${fitted(cycle(each.cycleS), 10)} ${each.meters} 只 ${state}`;
}

/** One meter on a line, with its link quality. */
export function meterLine(each: MeterOnChannel): string {
  const rate = each.questions === 0 ? MISSING : `${Math.floor((each.answers / each.questions) * 100)}%`;
  return [
    fitted(String(each.meterId), 5),
    fitted(each.label, 14),
    fitted(each.address, 14),
    fitted(each.profile, 14),
    fitted(String(each.bus), 3),
    fitted(rate, 5),
    fitted(each.tookMs === null ? MISSING : `${each.tookMs}ms`, 7),
    clock(each.lastAnswerAt),
  ].join(" ");
}

/** A frame: when, which way, whose, its bytes; and what it says. */
export function frameLines(frame: BusFrame): string[] {
  const way = { sent: "TX>", received: "RX<", silence: "---" }[frame.direction];
  const hex = frame.hex.toUpperCase().replace(/(..)(?=.)/g, "$1 ");
  return [
    `${clock(frame.at)} ${way} ${fitted(frame.label, 12)} ${hex}`,
    `         ${frame.explained.slice(3).join(" · ") || frame.explained.join(" · ")}`,
  ];
}
