/** What goes wrong at the door through which concentrators come (通道告警). The page translates the kind. */
export const linkAlarmKinds = [
  /** Two devices use one code, or somebody pretends to be one (编号冲突). */
  "id_collision",
  /** Comes and goes too often (频繁上下线). */
  "flapping",
  /** Somebody with this code could not prove the key. */
  "wrong_key",
  /** It must come by TLS and came by plain TCP. */
  "plain_refused",
  /** It came from a network that its archive does not allow, or from elsewhere than the first time. */
  "source_refused",
  /** Who proved to be another device in TLS said that it was this one. */
  "other_identity",
] as const;
export type LinkAlarmKind = (typeof linkAlarmKinds)[number];

/** Come-backs of a concentrator within {@link FLAPPING_WINDOW_MS} from which on it flaps. */
export const FLAPPING_TIMES = 6;
export const FLAPPING_WINDOW_MS = 60_000;

/** Sessions that were still talking when another took their place, within {@link COLLISION_WINDOW_MS}, that make a collision. */
export const COLLISION_TIMES = 3;
export const COLLISION_WINDOW_MS = 10 * 60_000;
