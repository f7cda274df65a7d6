import type { Instant } from "#base/time.ts";
import type { LoadGuardSettings } from "#domain/load-guard.ts";
import type { ReportedValues } from "#flows/record-readings.ts";
import type { Bytes } from "#protocol/bytes.ts";
import type { KeyUpdate, ProtectedKey } from "#protocol/dlt645/meter-key.ts";
import type { CreditAct } from "#protocol/dlt645/prepay.ts";
import type { SwitchAction } from "#protocol/dlt645/relay.ts";
import type { SecurityReply } from "#protocol/dlt645/security.ts";
import type { MeterWire } from "#protocol/link/meter-frame.ts";
import type { MeterProfile } from "#protocol/profiles/profile.ts";

/** What can be asked of a meter in one question, whatever its protocol calls it. Water counts as energy: litres for Wh. */
export type Item =
  | "index"
  | "remaining"
  | "status"
  | "count"
  | "before"
  | "voltage"
  | "current"
  | "power"
  | "loadGuard"
  | "loadGuardSettings";

/** What a meter says, in the units of the system. `overdraftWh` is a register of its own in some models. */
export type MeterAnswer =
  | { kind: "values"; values: ReportedValues; overdraftWh?: number; commandedOff?: boolean; clock?: ClockShown }
  /** What it kept by its own clock. */
  | { kind: "past"; told: PastTold }
  /** A good answer that means nothing to us: never a number, never a yes. */
  | { kind: "not_understood" }
  /** A command was taken. It proves nothing that was not read back. */
  | { kind: "done" }
  /** An answer of function 03 of DL/T 645-2007 to anything but a top-up: about keys. */
  | { kind: "security"; di: string; reply: SecurityReply }
  | { kind: "refused"; code: number; reasons: string[] };

/** What a meter shows of its clock: date, time, or both. */
export type ClockShown = { date?: string; time?: string };

/** What a meter tells of its past. */
export type PastTold =
  /** When it froze; null where it has no such freeze. */
  | { what: "frozen_at"; at: Instant | null }
  | { what: "frozen"; energyWh: number }
  | { what: "records"; points: { at: Instant; energyWh: number }[] };

/** How a meter is asked what it froze at its midnights (日冻结). `n` counts back from the last, 1. */
export type FreezeWay = {
  readonly kept: number;
  encodeTime(address: string, n: number): Bytes;
  encodeIndex(address: string, n: number): Bytes;
};

/** How a meter is asked for its index at equal steps of time (负荷记录): some records from a time on. */
export type RecordWay = {
  readonly everyMs: number;
  readonly kept: number;
  /** As many as one answer holds, and the bytes of that. */
  readonly atOnce: number;
  readonly replyBytes: number;
  encode(address: string, from: Instant, count: number): Bytes;
};

/** How the clock of a meter is read and set. The bytes that set it hold the time at which they leave. */
export type ClockWay = {
  /** Places to be asked, one after the other. */
  readonly places: readonly string[];
  /** To every meter on the bus; taken up to five minutes, once a day; never answered. Null where models do not listen to it. */
  readonly encodeCall: ((at: Instant) => Bytes) | null;
  /** However far it is off. Null where nobody has told how. */
  readonly encodeWrite: ((address: string, at: Instant, serial: number) => Bytes) | null;
};

/** What the bytes on a bus come to, for one question. */
export type Judged =
  | { kind: "answered"; answer: MeterAnswer }
  /** No good frame; a good one of another meter; this meter's answer to something else, such as a late one. */
  | { kind: "silent"; why: "corrupt" | "foreign" | "mismatch" };

/** How supply is switched, and whether anything that can be read proves that it was. */
export type Switching = {
  readonly proves: boolean;
  /** How long the switch may take to move after the meter has taken the command. */
  readonly movesMs: number;
  encode(command: { address: string; action: SwitchAction; now: Instant; serial: number }): Bytes;
};

/** How bought units get into a meter whose purchase count can be read before and after. */
export type TopUpWay = {
  /** Whether the bytes carry a MAC under the meter's own key. */
  readonly needsKey: boolean;
  encode(topUp: {
    address: string;
    /** The meter's stored purchase count + 1. */
    count: number;
    /** In hundredths of a unit. */
    amount: number;
    customer: string;
    /** What the security module made for exactly this top-up, where the model needs it. */
    mac: Bytes | null;
    serial: number;
    /** What is done with the amount: one of `acts`. */
    act: CreditAct;
  }): Bytes;
  /** What can be done in this way besides adding units. */
  readonly acts: readonly CreditAct[];
};

/** How a meter is asked which key it has, and how it is given another. */
export type KeyWay = {
  /** What its commands carry as operator, which the MAC covers. */
  readonly operator: string;
  encodeQuery(address: string): Bytes;
  encodeUpdate(address: string, update: KeyUpdate, key: ProtectedKey): Bytes;
};

/** How the guard over the load (安全用电) of a model is set and released. Both are proved by reading it. */
export type LoadGuardWay = {
  /** Where it tells what it does. */
  readonly place: string;
  encodeSettings(address: string, settings: LoadGuardSettings): Bytes;
  encodeRelease(address: string): Bytes;
};

/** How one model of meter is spoken to: everything that depends on its protocol and profile, as plain functions. */
export type Driver = {
  readonly profile: MeterProfile;
  /** The frames on the line: where an answer ends. */
  readonly wire: MeterWire;
  /** The longest answer to a read that is worth waiting for, wake-up bytes included. */
  readonly replyBytes: number;
  /** Where the model keeps an item; several items may share one place. Null when it cannot tell. */
  placeOf(item: Item): string | null;
  /** Where it keeps what was used beyond its credit, when that is a register of its own. */
  readonly overdraftPlace: string | null;
  /** `serial` numbers the questions of a bus, for protocols whose answers echo it. */
  encodeRead(address: string, place: string, serial: number): Bytes;
  /** What was heard after a question of ours. Bytes from the field never throw. */
  judge(question: Bytes, heard: Bytes): Judged;
  /** Null when the model has no switch. */
  readonly switching: Switching | null;
  /** Null when a top-up could not be made exactly once, or not in units. */
  readonly topUp: TopUpWay | null;
  /** Null for models without a key that comes from our root keys. */
  readonly keys: KeyWay | null;
  /** Null for models that keep no days, no load records, or whose clock nobody can read. */
  readonly freezes: FreezeWay | null;
  readonly records: RecordWay | null;
  readonly clock: ClockWay | null;
  /** Null for models without a guard over the load. */
  readonly loadGuard: LoadGuardWay | null;
};
