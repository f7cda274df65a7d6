/**
 * A root key (根密钥) of the meters, by version. `sealed` is null when the key lives in an external security module; `check_value`
 * tells keys apart. Prepared: made, not in use. Active: what meters are brought to. Superseded: some meters may still have it.
 */
export type RootKeyTable = {
  version: number;
  state: "prepared" | "active" | "superseded" | "abandoned";
  sealed: string | null;
  check_value: string;
  made_by: string;
  made_at: number;
  activated_by: string;
  activated_at: number;
};

/**
 * Which root key's version a meter's own key is derived from. `next_version` is set while a change may have reached the meter
 * and nobody has asked it since: no top-up is made then. `asked_at` is when the meter last told it.
 */
export type MeterKeyTable = {
  meter_id: number;
  version: number;
  next_version: number | null;
  asked_at: number;
  changed_at: number;
};

/** Tables of keys. */
export type KeysSchema = {
  root_key: RootKeyTable;
  meter_key: MeterKeyTable;
};
