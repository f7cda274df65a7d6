import type { Clock } from "#base/time.ts";
import type { Bytes } from "#protocol/bytes.ts";
import type { LinkHost } from "./link-host.ts";
import type { Master } from "./master.ts";

/**
 * What a case does to the device: it reads; it switches supply (and sets a load guard); it puts credit in (and takes purchase numbers); it waits out the lock
 * after wrong MACs; it changes the key; it looks at the link and hangs up on the way. Everything but reading has to be allowed.
 */
export type Need = "read" | "switch" | "top_up" | "lock_wait" | "key_change" | "link";

/** What is known about the meter under test. */
export type MeterUnderTest = {
  address: string;
  /** Level and password of relay commands, wire order, 8 hex digits. */
  password: string;
  closesBy: "direct" | "button";
  /** 12 digits; null when top-ups are not tried. */
  customer: string | null;
  /** K_m, the key that protects its top-ups; null when top-ups are not tried. */
  key: Bytes | null;
  /** Another key for the key cases; at their end the meter has `key` again, in a later version. */
  otherKey: Bytes;
  /** How long wrong MACs lock it. */
  lockMs: number;
};

/** What a case works with. */
export type Bench = {
  master: Master;
  meter: MeterUnderTest;
  /** The link, when the device dials; null over transparent TCP. */
  link: LinkHost | null;
  clock: Clock;
  pause(ms: number): Promise<void>;
};

/** One thing that a device must do. `section` is where `docs/PROTOCOL.md` asks for it. */
export type Case = {
  id: string;
  section: string;
  zh: string;
  en: string;
  needs: Need;
  run(bench: Bench): Promise<void>;
};
