import { z } from "zod";
import { type FieldMask, maskPhone } from "#domain/field-mask.ts";

/** Hidden only beside a field of this name: one that is known, or is this. */
type Beside = { field: string; is?: string };

/** Which fields of answers are masked: the server hides them from whoever may not see them, wherever they stand. */
const marks = z.registry<{ mask: FieldMask; beside?: Beside }>();

/** A telephone number: with its middle hidden from those without `contact.full`. */
export const phoneText = z.string().register(marks, { mask: "phone" });
/** Yuan that tell a price, or tell it together with a quantity: null for those without `price.see`. */
export const pricedYuan = z.string().nullable().register(marks, { mask: "price" });

/**
 * Yuan that are what some units are worth at today's price: null for those without `price.see` wherever the units, in the field that is
 * named, stand beside them, as the two would tell the price.
 */
export function worthOf(units: string) {
  return worthBeside({ field: units });
}

/** The same where another field says whether it is the worth of units at all. */
export function worthBeside(beside: Beside) {
  return z.string().nullable().register(marks, { mask: "price", beside });
}

/** Where masked fields lie in an answer. */
type Plan =
  | { at: "field"; mask: FieldMask; beside?: Beside }
  | { at: "object"; fields: ReadonlyMap<string, Plan> }
  | { at: "items"; each: Plan };

/**
 * What hides the masked fields of an answer of this schema; null when it has none. The answer itself is left as it is: it may be
 * kept for others. Fails for a schema in which a masked field could not be found.
 */
export function maskerOf(schema: z.ZodType): ((answer: unknown, hidden: ReadonlySet<FieldMask>) => unknown) | null {
  const plan = planOf(schema);
  if (plan === null) return null;
  return (answer, hidden) => (hidden.size === 0 ? answer : masked(answer, plan, hidden));
}

function planOf(schema: z.ZodType): Plan | null {
  const mark = marks.get(schema);
  if (mark !== undefined) return { at: "field", ...mark };
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape).flatMap(([name, field]): [string, Plan][] => {
      const plan = planOf(field as z.ZodType);
      return plan === null ? [] : [[name, plan]];
    });
    return fields.length === 0 ? null : { at: "object", fields: new Map(fields) };
  }
  if (schema instanceof z.ZodArray) {
    const each = planOf(schema.element as z.ZodType);
    return each === null ? null : { at: "items", each };
  }
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return planOf(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodUnion) return merged(schema.options.map((each) => planOf(each as z.ZodType)));
  const inner = innerOf(schema);
  if (inner.some((each) => planOf(each) !== null)) throw new Error(`a masked field lies in a ${schema.def.type}`);
  return null;
}

/** What else may hold a schema: no answer hides a field in one of them. */
function innerOf(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodRecord) return [schema.valueType as z.ZodType];
  if (schema instanceof z.ZodPipe) return [schema.in as z.ZodType, schema.out as z.ZodType];
  if (schema instanceof z.ZodTuple) return schema.def.items as z.ZodType[];
  if (schema instanceof z.ZodIntersection) return [schema.def.left as z.ZodType, schema.def.right as z.ZodType];
  return [];
}

/** Of several forms of an answer: what is masked in one of them is masked. */
function merged(plans: readonly (Plan | null)[]): Plan | null {
  const there = plans.filter((each) => each !== null);
  const [first] = there;
  if (first === undefined) return null;
  if (there.every((each) => each.at === "object")) {
    return { at: "object", fields: new Map(there.flatMap(({ fields }) => [...fields])) };
  }
  if (there.length > 1) throw new Error("forms of an answer with masked fields must be objects");
  return first;
}

function masked(value: unknown, plan: Plan, hidden: ReadonlySet<FieldMask>): unknown {
  if (value === null || value === undefined) return value;
  if (plan.at === "field") {
    if (!hidden.has(plan.mask)) return value;
    return plan.mask === "phone" ? maskPhone(String(value)) : null;
  }
  if (plan.at === "items") return Array.isArray(value) ? value.map((each) => masked(each, plan.each, hidden)) : value;
  if (typeof value !== "object") return value;
  const whole = value as Readonly<Record<string, unknown>>;
  const copy = { ...whole };
  for (const [name, inner] of plan.fields) {
    if (name in whole && !(inner.at === "field" && isAlone(whole, inner.beside)))
      copy[name] = masked(whole[name], inner, hidden);
  }
  return copy;
}

/** Whether that beside which a field would be hidden is not there. */
function isAlone(whole: Readonly<Record<string, unknown>>, beside: Beside | undefined): boolean {
  if (beside === undefined) return false;
  const there = whole[beside.field] ?? null;
  return beside.is === undefined ? there === null : there !== beside.is;
}
