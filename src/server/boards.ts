import { performance } from "node:perf_hooks";
import { SECOND_MS } from "#base/time.ts";
import { maskerOf } from "#contract/masked.ts";
import { type Board, board as boardSchema } from "#contract/metering.ts";
import { type FieldMask, hiddenFrom } from "#domain/field-mask.ts";
import type { Actor, Scope } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { boardOf, tileFacts } from "#store/board.ts";
import { SharedText } from "./compression.ts";
import { scopeKey } from "./scope-key.ts";

/** The board of a scope, and the same as the text that is sent. */
export type WrittenBoard = { readonly board: Board; readonly sent: SharedText };

/**
 * Boards that many pages ask for at once, as all of them do when a server comes back: read, written out and packed once a second for each scope and what is hidden in it,
 * whoever asks. What changes meanwhile comes over the live channel, and a page puts it into a board that is older.
 */
export type Boards = {
  of(actor: Pick<Actor, "scope" | "permissions">): Promise<WrittenBoard>;
  /** This program wrote something: who asks from now on sees it. */
  forget(): void;
};

const maskBoard = maskerOf(boardSchema);

type Held = { readonly readAt: number; readonly written: Promise<WrittenBoard> };

/** `holdMs`: how old a board may be when it is given out. */
export function createBoards({ db, clock }: Pick<FlowContext, "db" | "clock">, holdMs = SECOND_MS): Boards {
  const held = new Map<string, Held>();

  async function read(scope: Scope, hidden: ReadonlySet<FieldMask>): Promise<WrittenBoard> {
    // As of before the tiles were read: what changes meanwhile comes over the live channel.
    const asOf = clock();
    const whole = boardOf(await tileFacts(db.read, scope), asOf);
    const board = (maskBoard?.(whole, hidden) ?? whole) as Board;
    return { board, sent: new SharedText(JSON.stringify(board)) };
  }

  return {
    async of({ scope, permissions }) {
      const now = performance.now();
      for (const [key, { readAt }] of held) if (now - readAt >= holdMs) held.delete(key);
      const hidden = hiddenFrom(permissions);
      const key = `${scopeKey(scope)} ${[...hidden].join(" ")}`;
      const known = held.get(key);
      if (known !== undefined) return known.written;
      const written = read(scope, hidden);
      held.set(key, { readAt: now, written });
      written.catch(() => held.delete(key)); // the next one tries again
      return written;
    },
    forget: () => held.clear(),
  };
}
