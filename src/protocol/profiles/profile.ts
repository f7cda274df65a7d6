/** What a value means to the system, whatever identifier a protocol has for it. */
export type Meaning =
  | "energyTotal"
  | "energyByTariff"
  | "volume"
  | "remaining"
  | "overdraft"
  | "purchaseCount"
  | "purchaseState"
  | "before"
  | "voltage"
  | "current"
  | "power"
  | "status"
  | "address";

/** How a meter is asked, and what may be asked of it. */
export type Reads = Readonly<Partial<Record<Meaning, string>>>;

/** The items tables that a profile may name. */
export type TableName = "dlt645-2007" | "dlt645-1997" | "sf97" | "cjt188";

/** The frames that move a switch: 1CH of the 2007 filing, the words of C027/C028, or A017. */
export type SwitchForm = "dlt645-1c" | "sf97-word" | "cjt188-valve";

/**
 * What closing comes to. `at_once`: supply is back when the command is carried out. `by_button`: the command only
 * permits it, a person presses the button. `unproven`: the model's papers promise it, no capture shows it.
 */
export type Closing = "at_once" | "by_button" | "unproven";

/** How supply is cut, and what proves that it is. */
export type Switch = {
  kind: "relay" | "valve";
  form: SwitchForm;
  /** What the close command is: N1 = 1CH (close), 1BH (permit close), or the only one that the form has. */
  closeBy: "close" | "permit_close" | "only_form";
  closing: Closing;
  /** One identifier or number per loop; the first is the one that arrears trip. Empty where there is only one switch. */
  loops: readonly string[];
  /**
   * The item and the bits of it that are set when supply is really off. Null when nothing published proves it: then a
   * command stays unconfirmed, it is never taken for done.
   */
  proof: { item: string; openMask: number } | null;
};

/** What a top-up looks like. `plain` is the protocol's own purchase in clear (CJ/T 188 A013). */
export type TopUpForm = "jc1" | "sf07" | "sf97" | "eiot" | "plain";

/** Who holds the credit, and what one step of an amount in a top-up is worth. */
export type Credit =
  | { at: "meter"; unit: "0.01kWh" | "0.01m3" | "fen"; topUp: TopUpForm; countMax: number }
  /** The meter knows nothing of money: the server counts and switches. */
  | { at: "server" };

/** What a model keeps of the past by its own clock, and what can therefore still be asked for after an outage. */
export type Memory = {
  /** The index at its midnights (日冻结), the last `kept` of them. Null: no source says that it keeps any. */
  daily: { form: "dlt645-0506"; kept: number } | null;
  /** The index at equal steps of time (负荷记录, class 4), the last `kept` of them. */
  records: { form: "dlt645-0604"; everyMinutes: number; kept: number } | null;
  /** The index at its last settlements, mostly ends of months: `first` is the latest of them. */
  monthly: { first: string; kept: number } | null;
};

/** How the clock of a model is read, and set from afar. */
export type ClockAccess = {
  /** The items that show date and time: one, or the date and then the time. */
  reads: readonly string[];
  /** Whether it takes the time that is called out to everybody (广播校时): up to five minutes, once a day. */
  broadcast: boolean;
  /** The item that sets date and time at once, however far they are off; null where none is known. */
  write: string | null;
};

/** PA P0 P1 P2 and C0 … C3, 8 hex digits each in wire order. Factory values: a site that changed them says so. */
export type Access = { password: string; operator: string | null };

/** Everything that differs from one model of meter to the next and is not in a site's archive. */
export type MeterProfile = {
  name: string;
  vendor: string;
  /** What the profile is for, as people choose it from a list. */
  zh: string;
  protocol: "dlt645-2007" | "dlt645-1997" | "cjt188";
  table: TableName;
  kind: "electricity" | "water" | "gas" | "heat";
  /** FEH in front of every frame. */
  wakeUpBytes: number;
  /** RS-485, always 8E1. */
  baud: number;
  /** How long to wait for the first byte on a wire; a route over LoRa or 4G adds its own time. */
  replyTimeoutMs: number;
  reads: Reads;
  memory: Memory;
  /** Null where no source tells how it is read. */
  clock: ClockAccess | null;
  access: Access | null;
  switch: Switch | null;
  /** How its own guard over the load (安全用电) is read, set and released; null where it has none that anybody has told of. */
  loadGuard: "jc1" | null;
  credit: Credit;
  /** Where models differ from the text of their standard. */
  quirks: {
    /** Digits that fill a short address: 0 as all captured meters, A as the 1997 text. */
    addressPadding: "0" | "A";
    /** N2 of the relay command: a channel number at one maker, else 0. */
    n2: number;
    /** Identifier order until the meter has answered (CJ/T 188), null where the protocol has one only. */
    diOrder: "high-first" | "low-first" | null;
    /** Bytes of padding behind the valve code. */
    valvePadding: number;
    /** T of CJ/T 188 (10H cold water), null where frames carry none. */
    meterType: number | null;
  };
  /** Where the values come from: captured frames, a maker's code, or the standard alone. */
  source: "captured" | "vendor-code" | "standard" | "own";
};

/** The memory of a meter of which nothing is known. */
export const NO_MEMORY: Memory = { daily: null, records: null, monthly: null };

/** The quirks of a meter that has none. */
export const NO_QUIRKS: MeterProfile["quirks"] = {
  addressPadding: "0",
  n2: 0,
  diOrder: null,
  valvePadding: 0,
  meterType: null,
};
