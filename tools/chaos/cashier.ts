import { pause } from "#system/clock.ts";

/** One payment that somebody made at the desk: it must be in the books once, whatever happened to the programs. */
export type Intent = { key: string; meterId: number; amount: string; orderNo: string | null };

/** A cashier who repeats a request with the same key until she hears an answer. */
export type Cashier = {
  readonly intents: Intent[];
  /** What proves her session, for other questions in her name. */
  cookie(): string;
  /** Begins one; hear of its end by {@link allAcknowledged}. */
  recharge(): void;
  /** Resolves when every payment was answered. */
  allAcknowledged(): Promise<void>;
};

const RETRY_MS = 120;
/** Two cashiers press at the same time now and then: the same key twice at once. */
const DOUBLE_CLICK_CHANCE = 0.15;
/** Nothing less is paid, so that the dearest unit of the town can be bought with it: a refusal would prove nothing here. */
const YUAN_MIN = 6;

/** Logs in and knows every prepaid meter of the town. `name` is hers: no two who work on the same books may have one. */
export async function cashier(at: {
  port: number;
  password: string;
  random: () => number;
  name?: string;
}): Promise<Cashier> {
  const base = `http://127.0.0.1:${at.port}/api`;
  let cookie = "";
  const intents: Intent[] = [];
  const open: Promise<unknown>[] = [];
  let made = 0;

  async function call(path: string, body?: object): Promise<{ status: number; json: Record<string, unknown> }> {
    for (;;) {
      try {
        const answer = await fetch(base + path, {
          method: body ? "POST" : "GET",
          headers: {
            cookie,
            origin: `http://127.0.0.1:${at.port}`,
            ...(body ? { "content-type": "application/json" } : {}),
          },
          ...(body ? { body: JSON.stringify(body) } : {}),
          signal: AbortSignal.timeout(10_000),
        });
        if (answer.status < 500 && answer.status !== 429) {
          const set = answer.headers.getSetCookie()[0];
          if (set) cookie = set.split(";")[0] ?? "";
          return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
        }
      } catch {
        // The server is dead or dying: what became of the request is not known, so it is repeated with its key.
      }
      await pause(RETRY_MS);
    }
  }

  const login = await call("/session", { login: "admin", password: at.password });
  if (login.status >= 300) throw new Error(`login failed: ${JSON.stringify(login.json)}`);
  const board = await call("/board");
  const tiles = board.json.tiles as { meterId: number; mode: string }[];
  const meters = tiles.filter((tile) => tile.mode === "prepaid").map((tile) => tile.meterId);

  async function press(intent: Intent): Promise<void> {
    const body = { key: intent.key, meterId: intent.meterId, amount: intent.amount, channel: "cash" };
    const { status, json } = await call("/recharges", body);
    if (status >= 300) throw new Error(`recharge ${intent.key} was refused: ${status} ${JSON.stringify(json)}`);
    intent.orderNo = String(json.orderNo);
  }

  return {
    intents,
    cookie: () => cookie,
    recharge() {
      const pick = meters[Math.floor(at.random() * meters.length)] ?? 0;
      const amount = (YUAN_MIN + Math.floor(at.random() * 9_500) / 100).toFixed(2);
      const intent: Intent = { key: `${at.name ?? "chaos-key"}-${++made}`, meterId: pick, amount, orderNo: null };
      intents.push(intent);
      const presses = at.random() < DOUBLE_CLICK_CHANCE ? [press(intent), press(intent)] : [press(intent)];
      open.push(Promise.all(presses));
    },
    async allAcknowledged() {
      await Promise.all(open);
    },
  };
}
