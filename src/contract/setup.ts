import { z } from "zod";
import { AREA_TEXT_CHARS_MAX } from "#domain/area-lines.ts";
import { linkKinds } from "#domain/link.ts";
import { linkAlarmKinds } from "#domain/link-alarm.ts";
import { faceHints, faceVerdicts, setupStates, setupSteps, setupWhys } from "#domain/setup.ts";
import { importStates } from "./imports.ts";

const whole = z.number().int();
const at = whole;
const yuan = z.string();
const step = z.enum(setupSteps);

/** What was typed from the face of a meter, beside what was read; energies in Wh or litres. */
export const faceReading = z.object({
  id: z.string(),
  meterId: whole,
  typed: z.string(),
  typedAt: at,
  readWh: whole,
  readAt: at,
  differenceWh: whole,
  verdict: z.enum(faceVerdicts),
  hint: z.enum(faceHints),
  by: z.string(),
});
export type FaceReading = z.infer<typeof faceReading>;

/** GET /api/setup: how far the installation is, as far as the caller may see it. */
export const setupView = z.object({
  asOf: at,
  /** Nothing is there: no project, no meter, no key. */
  empty: z.boolean(),
  /** Whether this program can enrol the simulated town; whether it did, and how many of its concentrators have come. */
  demo: z.object({ offered: z.boolean(), enrolled: z.boolean() }),
  steps: z.array(
    z.object({
      step,
      state: z.enum(setupStates),
      why: z.enum(setupWhys),
      skipped: z.object({ by: z.string(), at }).nullable(),
    }),
  ),
  /** The first step that is neither done nor skipped. */
  next: step.nullable(),
  project: z
    .object({
      id: whole,
      name: z.string(),
      electricityPrice: yuan.nullable(),
      waterPrice: yuan.nullable(),
      /** 0: no price was saved yet. */
      version: whole,
      updatedBy: z.string(),
      updatedAt: at,
    })
    .nullable(),
  /** Tops of the project's areas in the caller's scope: what is pasted goes below one of them. */
  tops: z.array(z.object({ areaId: whole, name: z.string() })),
  areas: whole,
  meters: whole,
  /** Of the meters, those that have answered at least once. */
  heard: whole,
  import: z
    .object({
      id: z.string(),
      fileName: z.string(),
      state: z.enum(importStates),
      faults: whole,
      changes: whole,
      madeBy: z.string(),
      madeAt: at,
    })
    .nullable(),
  collectors: z.array(
    z.object({
      name: z.string(),
      isUp: z.boolean(),
      host: z.string().nullable(),
      port: whole.nullable(),
      tlsPort: whole.nullable(),
    }),
  ),
  /** At most so many, those that have not come first. */
  concentrators: z.array(
    z.object({
      id: whole,
      code: z.string(),
      name: z.string(),
      linkKind: z.enum(linkKinds),
      online: z.boolean(),
      onlineChangedAt: at,
      lastSeenAt: at,
      meters: whole,
      refused: z.object({ kind: z.enum(linkAlarmKinds), at }).nullable(),
    }),
  ),
  concentratorCount: whole,
  /** Meters to compare: those that were compared first, then others. */
  candidates: z.array(
    z.object({
      meterId: whole,
      number: z.string(),
      label: z.string(),
      address: z.string(),
      kind: z.enum(["electricity", "water"]),
      ratio: whole,
      /** When it last showed its index; 0: never. What it showed is told after somebody has typed what he sees. */
      indexAt: at,
      face: faceReading.nullable(),
    }),
  ),
  administrators: whole,
  /** Whether meters that keep their credit can be recharged: their keys come from a root key (根密钥). */
  hasRootKey: z.boolean(),
});
export type SetupView = z.infer<typeof setupView>;
export type SetupStepView = SetupView["steps"][number];
export type SetupCandidate = SetupView["candidates"][number];

const price = z.string().trim().max(12);

/** POST /api/setup/project: makes the first project, or changes what is usual in it. `version` is what was seen; 0: nothing. */
export const setupProjectRequest = z.object({
  name: z.string().trim().min(1).max(50),
  electricityPrice: price,
  /** Empty: no water is sold. */
  waterPrice: price.default(""),
  version: whole.min(0),
});
export type SetupProjectRequest = z.input<typeof setupProjectRequest>;

/** POST /api/setup/areas: lines as `readAreaLines` reads them. What is there already stays as it is. */
export const setupAreasRequest = z.object({
  topId: whole.positive(),
  text: z.string().max(AREA_TEXT_CHARS_MAX),
});
export type SetupAreasRequest = z.infer<typeof setupAreasRequest>;
export const setupAreasAnswer = z.object({ added: whole, there: whole });
export type SetupAreasAnswer = z.infer<typeof setupAreasAnswer>;

/** POST /api/setup/skip. */
export const setupSkipRequest = z.object({ step, skipped: z.boolean() });
export type SetupSkipRequest = z.infer<typeof setupSkipRequest>;

/** POST /api/setup/faces: `commandId` is the reading command that the number is compared with. */
export const faceRequest = z.object({
  meterId: whole.positive(),
  commandId: z.string().regex(/^[\w-]{1,64}$/),
  typed: z.string().trim().max(20),
});
export type FaceRequest = z.infer<typeof faceRequest>;

/** POST /api/setup/demo. */
export const demoAnswer = z.object({ enrolled: z.boolean() });
