import { z } from "zod";
import { dayQualities } from "#domain/meter-day.ts";
import { shareMethods } from "#domain/share.ts";
import { pricedYuan } from "./masked.ts";

const id = z.number().int().positive();
const whole = z.number().int();
const yuan = z.string();
const at = z.number().int();
const key = z.string().regex(/^[\w-]{8,64}$/);
const dayText = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
/** A day or a month. */
export const periodText = z.string().regex(/^\d{4}-\d{2}(-\d{2})?$/);
const reason = z.string().trim().min(1).max(200);
/** 1/100 per cent. */
const bp = z.number().int().min(0).max(10_000);

export const shareKinds = ["box", "hvac"] as const;
export { shareMethods };

/** What rule a source meter's usage is shared by, as it is asked for. Members of `box` are meters, of `hvac` indoor units. */
export const shareTerms = z.object({
  kind: z.enum(shareKinds),
  sourceMeterId: id,
  period: z.enum(["day", "month"]),
  method: z.enum(shareMethods),
  /** Yuan per unit with up to four places; null: each member's own price. */
  price: z.string().max(20).nullable(),
  propertyBp: bp,
  /** Speed factors of indoor units in hundredths. */
  factors: z.object({
    low: z.number().int().min(0).max(1_000),
    middle: z.number().int().min(0).max(1_000),
    high: z.number().int().min(0).max(1_000),
  }),
  members: z
    .array(
      z.object({
        id,
        ratioBp: bp,
        /** 1/100 m². */
        areaCm: z.number().int().min(0).max(100_000_000),
      }),
    )
    .min(1)
    .max(200),
});
export type ShareTermsInput = z.infer<typeof shareTerms>;

/** POST /api/shares/rules: a new version of the rule from a day on. */
export const shareRuleRequest = shareTerms.extend({ key, effectiveDay: dayText, reason });
export type ShareRuleRequest = z.infer<typeof shareRuleRequest>;

/** POST /api/shares/preview: what these terms would have done in a period; nothing is booked. */
export const sharePreviewRequest = shareTerms.extend({ sharedFor: periodText });
export type SharePreviewRequest = z.infer<typeof sharePreviewRequest>;

/** One line of a sharing. `weight` ÷ `weightSum` is the member's part; `charge` is what this revision charged or gave back. */
export const shareLine = z.object({
  line: whole,
  meterId: whole.nullable(),
  unitId: whole.nullable(),
  /** Empty for the property (物业承担). */
  label: z.string(),
  weight: whole,
  weightSum: whole,
  shareWh: whole,
  beforeWh: whole,
  price: yuan.nullable(),
  cost: yuan,
  charge: yuan,
  chargedTo: z.enum(["balance", "debt", "property"]),
});
export type ShareLine = z.infer<typeof shareLine>;

/** The readings that a sharing rests on. */
export const shareSource = z.object({
  day: z.string(),
  rev: whole,
  segment: whole,
  ratio: whole,
  openWh: whole.nullable(),
  openAt: at.nullable(),
  closeWh: whole.nullable(),
  closeAt: at.nullable(),
  usageWh: whole.nullable(),
  quality: z.enum(dayQualities),
});
export type ShareSource = z.infer<typeof shareSource>;

/** What a member's weight rests on. */
export const shareMemberFacts = z.object({
  label: z.string(),
  ratioBp: whole,
  areaCm: whole,
  ratedW: whole,
  usageWh: whole.nullable(),
  minutes: z.object({ low: whole, middle: whole, high: whole }).nullable(),
});
export type ShareMemberFacts = z.infer<typeof shareMemberFacts>;

const ruleHead = z.object({
  ruleId: z.string(),
  kind: z.enum(shareKinds),
  effectiveDay: z.string(),
  period: z.enum(["day", "month"]),
  method: z.enum(shareMethods),
  price: yuan.nullable(),
  propertyBp: whole,
  factors: z.object({ low: whole, middle: whole, high: whole }),
  reason: z.string(),
  madeBy: z.string(),
  madeAt: at,
});

/** A version of a rule with its members. */
export const shareRule = ruleHead.extend({
  members: z.array(
    z.object({
      id: whole,
      label: z.string(),
      ratioBp: whole,
      areaCm: whole,
      ratedW: whole,
      ownMeterId: whole.nullable(),
    }),
  ),
});
export type ShareRule = z.infer<typeof shareRule>;

/** One run as a row of the list. */
export const shareRunRow = z.object({
  runId: z.string(),
  period: z.string(),
  rev: whole,
  latest: z.boolean(),
  sourceWh: whole,
  /** What this revision charged in all. */
  charged: yuan,
  madeBy: z.string(),
  madeAt: at,
});
export type ShareRunRow = z.infer<typeof shareRunRow>;

/** GET /api/shares/runs/:id: everything about one sharing, so that anybody can compute it again (分摊明细). */
export const shareSheet = shareRunRow.extend({
  sourceMeterId: whole,
  sourceLabel: z.string(),
  rule: ruleHead,
  source: z.array(shareSource),
  members: z.array(shareMemberFacts),
  lines: z.array(shareLine),
});
export type ShareSheet = z.infer<typeof shareSheet>;

/** The answer of POST /api/shares/preview. */
export const sharePreview = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("ready"),
    sourceWh: whole,
    source: z.array(shareSource),
    members: z.array(shareMemberFacts),
    lines: z.array(shareLine),
  }),
  z.object({ outcome: z.literal("waiting"), why: z.string(), missing: z.array(z.string()) }),
]);
export type SharePreview = z.infer<typeof sharePreview>;

/** POST /api/shares/runs: share a period now. */
export const shareRunRequest = z.object({ sourceMeterId: id, period: periodText });
export type ShareRunRequest = z.infer<typeof shareRunRequest>;
export const shareRunAnswer = z.object({
  outcome: z.enum(["shared", "unchanged", "waiting"]),
  runId: z.string().nullable(),
  rev: whole.nullable(),
  why: z.enum(["no_rule", "not_closed", "source_missing", "members_missing"]).nullable(),
  missing: z.array(z.string()),
});
export type ShareRunAnswer = z.infer<typeof shareRunAnswer>;

/** GET /api/shares/sources?kind=…: what is shared, or could be. */
export const shareSourcesQuery = z.object({ kind: z.enum(shareKinds) });
export const shareSourceRow = z.object({
  sourceMeterId: whole,
  label: z.string(),
  number: z.string(),
  areaName: z.string(),
  boxId: whole.nullable(),
  boxName: z.string().nullable(),
  members: whole,
  method: z.enum(shareMethods).nullable(),
  effectiveDay: z.string().nullable(),
  lastPeriod: z.string().nullable(),
});
export type ShareSourceRow = z.infer<typeof shareSourceRow>;
export const shareSources = z.object({ items: z.array(shareSourceRow) });

/** GET /api/shares/sources/:id: its rules, newest first, who could take part, and the last runs. */
export const shareSourceDetail = z.object({
  source: shareSourceRow,
  /** Meters of the same box, or the indoor units; only these can be members. */
  candidates: z.array(
    z.object({
      id: whole,
      label: z.string(),
      number: z.string(),
      customer: z.string().nullable(),
      areaCm: whole,
      ratedW: whole,
      ownMeterId: whole.nullable(),
    }),
  ),
  rules: z.array(shareRule),
  runs: z.array(shareRunRow),
});
export type ShareSourceDetail = z.infer<typeof shareSourceDetail>;

/** GET /api/meters/:id/shares: what a tenant's meter was charged of public meters, newest first. */
export const meterShares = z.object({
  items: z.array(
    shareLine.extend({
      runId: z.string(),
      price: pricedYuan,
      cost: pricedYuan,
      charge: pricedYuan,
      period: z.string(),
      rev: whole,
      sourceLabel: z.string(),
      sourceWh: whole,
      method: z.enum(shareMethods),
      madeAt: at,
      source: z.array(shareSource),
    }),
  ),
});
export type MeterShares = z.infer<typeof meterShares>;

/** Boxes (配电箱) with the meters in them. */
export const boxes = z.object({
  items: z.array(
    z.object({
      boxId: whole,
      name: z.string(),
      areaId: whole,
      areaName: z.string(),
      meters: z.array(
        z.object({
          meterId: whole,
          label: z.string(),
          number: z.string(),
          mode: z.string(),
          customer: z.string().nullable(),
        }),
      ),
    }),
  ),
});
export type Boxes = z.infer<typeof boxes>;
/** POST /api/boxes: a new box, or another name and other meters for one. */
export const boxRequest = z.object({
  boxId: id.nullable(),
  areaId: id,
  name: z.string().trim().min(1).max(100),
  meterIds: z.array(id).max(200),
  reason,
});
export type BoxRequest = z.infer<typeof boxRequest>;
export const boxAnswer = z.object({ boxId: whole });

/** An indoor unit (空调内机). */
export const hvacUnit = z.object({
  unitId: whole,
  number: z.string(),
  label: z.string(),
  areaId: whole,
  outdoorMeterId: whole,
  accountNumber: z.string().nullable(),
  customer: z.string().nullable(),
  ratedW: whole,
  areaCm: whole,
  ownMeterId: whole.nullable(),
  disabled: z.boolean(),
  version: whole,
});
export type HvacUnit = z.infer<typeof hvacUnit>;
/** POST /api/hvac/units. `unitId` null makes a new one; else `version` is the one that was seen. */
export const hvacUnitRequest = z.object({
  unitId: id.nullable(),
  version: whole,
  number: z.string().trim().min(1).max(32),
  label: z.string().trim().min(1).max(100),
  outdoorMeterId: id,
  /** The room's meter, whose account pays. Null: nobody; its share is the property's. */
  payerMeterId: id.nullable(),
  ratedW: z.number().int().min(1).max(1_000_000),
  areaCm: z.number().int().min(0).max(100_000_000),
  ownMeterId: id.nullable(),
  disabled: z.boolean(),
  reason,
});
export type HvacUnitRequest = z.infer<typeof hvacUnitRequest>;

/** GET /api/hvac/inputs?outdoorMeterId=…&day=…: run times of a day, null where nobody entered any. */
export const hvacInputsQuery = z.object({ outdoorMeterId: z.coerce.number().int().positive(), day: dayText });
const minutes = z.object({ low: z.number().int(), middle: z.number().int(), high: z.number().int() });
export const hvacInputs = z.object({
  units: z.array(
    hvacUnit.extend({ minutes: minutes.nullable(), rev: whole.nullable(), enteredBy: z.string().nullable() }),
  ),
});
export type HvacInputs = z.infer<typeof hvacInputs>;
/** POST /api/hvac/inputs: what was entered or pasted for a day; what is the same as before changes nothing. */
export const hvacInputRequest = z.object({
  day: dayText,
  source: z.enum(["manual", "import"]),
  reason: z.string().trim().max(200).default(""),
  units: z
    .array(z.object({ unitId: id, minutes }))
    .min(1)
    .max(500),
});
export type HvacInputRequest = z.infer<typeof hvacInputRequest>;
export const hvacInputAnswer = z.object({ changed: whole });
