import type { Bytes } from "#protocol/bytes.ts";
import type { Bus, BusTiming, Sound, Via } from "./bus.ts";
import type { Outlet } from "./outlet.ts";
import type { ConcentratorPlan } from "./plan.ts";

/** What a concentrator speaks on one connection. */
export type Speech = {
  /** The connection stands: what is said first. */
  begin(): void;
  take(chunk: Bytes): void;
  /** It is time for a heartbeat. */
  beat(): void;
  end(): void;
};

/** What a speech may use of its concentrator and its connection. */
export type SpeechContext = {
  plan: ConcentratorPlan;
  /** Whether the collector has dialled us. */
  isDialled: boolean;
  buses: ReadonlyMap<number, Bus>;
  timing: BusTiming;
  /** The meters on a bus, without the time that the wire takes. */
  hear(port: number, request: Bytes, via: Via): Sound[];
  outlet: Outlet;
  clockMs(): number;
  /** The connection is given up, for a reason. */
  refuse(why: string): void;
  /** The other side is satisfied: online, with heartbeats from now on. */
  welcome(heartbeatMs: number): void;
};
