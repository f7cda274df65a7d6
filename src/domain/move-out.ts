/**
 * Steps of a move-out (退租): the meters are read, the sum is agreed upon, the meters are cleared, the money is paid, the room is
 * closed. Each is a row before it is done, so that a reload or a crash goes on where it was.
 */
export const moveOutStates = ["reading", "calculated", "clearing", "paying", "done", "cancelled"] as const;
export type MoveOutState = (typeof moveOutStates)[number];

/** States in which nobody may recharge the meters. */
export const MOVING_OUT: readonly MoveOutState[] = ["reading", "calculated", "clearing", "paying"];
