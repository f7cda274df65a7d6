/**
 * Limits of a user (限额); null: none. Who was never limited has no row. `turn` is bumped by whoever counts his day, so that two who count at
 * once follow each other.
 */
export type UserLimitTable = {
  user_id: number;
  recharge_day_e4: number | null;
  recharge_one_e4: number | null;
  refund_day_e4: number | null;
  batch_meters: number | null;
  turn: number;
};

export type LimitsSchema = { user_limit: UserLimitTable };
