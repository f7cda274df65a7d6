import { type Compilable, MysqlAdapter, type QueryResult, sql } from "kysely";
import { assert } from "#base/errors.ts";
import type { Bindable } from "./bind.ts";
import type { Tx } from "./db.ts";

/** A text between whose parts values stand, and which: a place of that name, or a value that is always the same. */
type Text = { readonly parts: TemplateStringsArray; readonly between: readonly (Place | Bindable)[] };

class Place {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Values by the name of their place. */
export type Values = Readonly<Record<string, Bindable>>;

/**
 * A statement of the hot paths whose text never changes: built and compiled at its first use on an engine, afterwards only its values are
 * put in. Building costs more than SQLite needs to carry it out. `build` may use each value once as a whole, and decide nothing by it.
 */
export function shaped<V extends Values>(
  build: (tx: Tx, values: V) => Compilable,
): (tx: Tx, values: V) => Promise<QueryResult<unknown>> {
  const texts: { mysql?: Text; sqlite?: Text } = {};
  return (tx, values) => {
    const kind = tx.getExecutor().adapter instanceof MysqlAdapter ? "mysql" : "sqlite";
    texts[kind] ??= textOf(build(tx.withoutPlugins(), places<V>()));
    const { parts, between } = texts[kind];
    const bound = between.map((each) => (each instanceof Place ? values[each.name] : each));
    return sql(parts, ...bound).execute(tx);
  };
}

function textOf(query: Compilable): Text {
  const { sql: text, parameters } = query.compile();
  const parts = text.split("?");
  assert(parts.length === parameters.length + 1, `a literal holds a question mark: ${text}`);
  return { parts: Object.assign(parts, { raw: parts }), between: parameters as (Place | Bindable)[] };
}

/** Stands for the values while a text is made. */
function places<V>(): V {
  return new Proxy({}, { get: (_, name) => new Place(String(name)) }) as V;
}
