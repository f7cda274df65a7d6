import { assert } from "#base/errors.ts";
import { type Bytes, ownHex, toHex } from "../bytes.ts";
import { CONTROL, FUNCTION, type LocalTime, localTimeAt, putLocalTime } from "./control.ts";
import type { Frame645 } from "./frame.ts";

/** What switches supply: trip 1A (拉闸), close at once 1C (直接合闸), let the user close by the button 1B (合闸允许). */
export type SwitchAction = "trip" | "close" | "permit_close";

/** Everything that 1CH can tell a meter: switching, alarm 2A/2B (报警), keep-supply 3A/3B (保电). */
export type RelayAction = SwitchAction | "alarm_on" | "alarm_off" | "keep_supply_on" | "keep_supply_off";

/**
 * `password` is PA P0 P1 P2 and `operator` C0 … C3 in wire order, 8 hex digits each; expired commands are refused.
 * `channel` is N2: reserved and 0 by the standard, the number of the relay for some makers.
 */
export type RelayCommand<Action extends RelayAction = RelayAction> = {
  action: Action;
  password: string;
  operator: string;
  validUntil: LocalTime;
  channel?: number;
};

const RELAY_LENGTH = 16;
/** PA of the form whose data a security module made: PA, three bytes, operator, 20 bytes of cipher. */
const SECURE_FORM = 0x98;
const SECURE_LENGTH = 28;

const CODES: Record<RelayAction, number> = {
  trip: 0x1a,
  permit_close: 0x1b,
  close: 0x1c,
  alarm_on: 0x2a,
  alarm_off: 0x2b,
  keep_supply_on: 0x3a,
  keep_supply_off: 0x3b,
};

/** Master: switches the relay, alarm or keep-supply (1CH), plain form with password. */
export function encodeRelay(address: string, command: RelayCommand): Frame645 {
  const data = new Uint8Array(RELAY_LENGTH);
  data.set(ownHex(command.password, 4), 0);
  data.set(ownHex(command.operator, 4), 4);
  data[8] = CODES[command.action];
  data[9] = command.channel ?? 0;
  putLocalTime(data, 10, command.validUntil);
  return { address, control: FUNCTION.relay, data };
}

/** Master: the secure form (PA 98); its 20 bytes come from a security module, nothing here can make or read them. */
export function encodeSecureRelay(address: string, operator: string, cipher: Bytes): Frame645 {
  const data = new Uint8Array(SECURE_LENGTH);
  assert(cipher.length === 20, "the cipher of a relay command has 20 bytes");
  data[0] = SECURE_FORM;
  data.set(ownHex(operator, 4), 4);
  data.set(cipher, 8);
  return { address, control: FUNCTION.relay, data };
}

/**
 * Meter: reads what switches supply, in the plain form. An all-zero time comes out as month 0 of 2000: it is past, so a
 * meter that compares it refuses, as it must. Alarm and keep-supply are no switching: see {@link decodeRelayOrder}.
 */
export function decodeRelay(
  frame: Frame645,
): ({ ok: true } & RelayCommand<SwitchAction>) | { ok: false; reason: string } {
  const order = decodeRelayOrder(frame);
  if (!order.ok) return order;
  const action = relayAction(frame.data[8]!);
  return action === null ? { ok: false, reason: "unknown_action" } : { ...order, action };
}

/** Meter: reads any order of 1CH in the plain form. */
export function decodeRelayOrder(frame: Frame645): ({ ok: true } & RelayCommand) | { ok: false; reason: string } {
  const { data } = frame;
  if (frame.control !== FUNCTION.relay) return { ok: false, reason: "not_a_relay_command" };
  if (data[0] === SECURE_FORM) return { ok: false, reason: "secure_form" };
  if (data.length !== RELAY_LENGTH) return { ok: false, reason: "wrong_length" };
  const action = relayOrder(data[8]!);
  if (action === null) return { ok: false, reason: "unknown_action" };
  const validUntil = localTimeAt(data, 10);
  if (validUntil === null) return { ok: false, reason: "valid_until_not_a_time" };
  const order = { action, password: toHex(data.subarray(0, 4)), operator: toHex(data.subarray(4, 8)), validUntil };
  return data[9] === 0 ? { ok: true, ...order } : { ok: true, ...order, channel: data[9]! };
}

/** Meter: 9CH when the command was taken, DCH with ERR (04H not authorised by default) when not. */
export function encodeRelayReply(address: string, ok: boolean, err = 0x04): Frame645 {
  return ok
    ? { address, control: FUNCTION.relay | CONTROL.fromMeter, data: new Uint8Array(0) }
    : { address, control: FUNCTION.relay | CONTROL.fromMeter | CONTROL.abnormal, data: Uint8Array.of(err) };
}

/** What the code N1 of a relay command does to supply; null for any other. */
export function relayAction(code: number): SwitchAction | null {
  const order = relayOrder(code);
  return order === "trip" || order === "close" || order === "permit_close" ? order : null;
}

/** What the code N1 means; null for a maker's own (one region trips with FA and closes with FB). */
export function relayOrder(code: number): RelayAction | null {
  for (const action of Object.keys(CODES)) if (isAction(action) && CODES[action] === code) return action;
  return null;
}

function isAction(name: string): name is RelayAction {
  return name in CODES;
}
