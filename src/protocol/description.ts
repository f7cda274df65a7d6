/** One value of a description: a decimal string (null: the meter has none); `unit` is left out where there is none. */
export type DescribedValue = { name: string; value: string | null; unit?: string };

/**
 * One good meter or terminal frame in plain data: the keys that every protocol shares, named as in the frame vectors.
 * Each protocol adds keys of its own.
 */
export type Description = {
  ok: true;
  protocol: string;
  /** Wake-up bytes before the frame. */
  preambleFE?: number;
  address?: string;
  /** Two hex digits. */
  control?: string;
  /** L as the frame gives it. */
  length?: number;
  fromMeter?: boolean;
  abnormal?: boolean;
  moreFollows?: boolean;
  function?: string;
  /** The identifier as printed, where the frame carries one. */
  di?: string;
  item?: string;
  values?: readonly DescribedValue[];
};

/** Why bytes are no frame. `hex` is what a part of a longer piece consisted of. */
export type NotDescribed = { ok: false; reason: string; hex?: string };
