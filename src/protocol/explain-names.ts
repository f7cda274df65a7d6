import type { Description188 } from "./cjt188/describe.ts";
import { items188 } from "./cjt188/items.ts";
import type { Description645 } from "./dlt645/describe.ts";
import { itemOf } from "./dlt645/items.ts";
import { loadRecordFields } from "./dlt645/load-record.ts";
import type { Description97 } from "./dlt645v1997/describe.ts";
import { sf97Items } from "./dlt645v1997/sf97.ts";

/** A name of a value in a description → what people call it, from the table that the value was read by. */
export type ValueNames = (name: string) => string;

/** The Chinese names of the values of a description; a value that no table has keeps its name. */
export function valueNames(description: Description645 | Description97 | Description188): ValueNames {
  const fields = fieldsOf(description);
  return (name) => fields.find((field) => field.name === name)?.zh ?? name;
}

function fieldsOf({ protocol, di = "" }: Description645 | Description97 | Description188): readonly Named[] {
  switch (protocol) {
    case "dlt645-2007":
      return itemOf(di)?.layouts.flatMap((layout) => layout.fields) ?? loadRecordFields;
    case "dlt645-1997":
      return sf97Items.get(di)?.fields ?? [];
    case "cjt188":
      return items188.get(di)?.layouts.flat() ?? [];
  }
}

type Named = { name: string; zh: string };
