import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "#base/errors.ts";

/** Large bodies that are taken in or read at a time: each is in memory as a whole, and unpacked many times larger. */
const AT_ONCE = 4;
/** What is told when the turn is somebody else's. */
const AGAIN_S = 5;

/** Who sends a large body: each person one at a time, and few together. */
export type LargeBodies = {
  /** Refuses who sends another already, before anything of the body is taken in. */
  enter(request: FastifyRequest, reply: FastifyReply): void;
  /** From here on the turn lasts until this is disposed of, also when the sender hangs up and comes back. */
  handled(request: FastifyRequest): Disposable;
};

/** The turns of one route. */
export function largeBodies(): LargeBodies {
  const senders = new Map<number, Turn>();
  const turns = new WeakMap<FastifyRequest, Turn>();
  function end(turn: Turn | undefined): void {
    if (turn !== undefined && senders.get(turn.userId) === turn) senders.delete(turn.userId);
  }
  return {
    enter(request, reply) {
      const { userId } = request.caller ?? { userId: 0 };
      if (senders.has(userId) || senders.size >= AT_ONCE) throw new AppError("too_many_requests", { seconds: AGAIN_S });
      const turn = { userId, isHandled: false };
      senders.set(userId, turn);
      turns.set(request, turn);
      reply.raw.once("close", () => {
        if (!turn.isHandled) end(turn);
      });
    },
    handled(request) {
      const turn = turns.get(request);
      if (turn) turn.isHandled = true;
      return { [Symbol.dispose]: () => end(turn) };
    },
  };
}

type Turn = { readonly userId: number; isHandled: boolean };
