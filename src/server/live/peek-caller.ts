import type { Actor } from "#domain/permission.ts";
import type { FlowContext } from "#flows/context.ts";
import { SESSION_IDLE_MS } from "#flows/log-in.ts";
import { sessionByHash } from "#store/sessions.ts";
import { actorOf } from "#store/users.ts";
import { sha256Hex } from "#system/crypto.ts";

/**
 * Who a session belongs to, without counting as use of it: a page that only listens is a console left alone, and must
 * not keep its session alive for ever. Null when the session is over or its user disabled.
 */
export async function peekCaller({ db, clock }: FlowContext, token: string): Promise<Actor | null> {
  const session = await sessionByHash(db.read, sha256Hex(token));
  const now = clock();
  if (session === null || session.expiresAt <= now || session.seenAt + SESSION_IDLE_MS <= now) return null;
  return actorOf(db.read, session.userId);
}
