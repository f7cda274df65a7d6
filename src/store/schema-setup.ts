/** Tables of the set-up assistant (开通向导): only what is not told by the data itself. Conventions as in `schema.ts`. */
import type { FaceHint, FaceVerdict } from "#domain/setup.ts";

/** A step that somebody skipped; gone when it is taken up again. */
export type SetupSkipTable = { step: string; made_by: string; made_name: string; made_at: number };

/** What a unit usually costs in a project: fills the template of imports. Nobody is charged by it. Null: not said. */
export type SetupPriceTable = {
  project_id: number;
  electricity_e4: number | null;
  water_e4: number | null;
  version: number;
  updated_by: string;
  updated_at: number;
};

/** What somebody typed from the face of a meter (表面核对), and what the reading command `command_id` had read. Never changed. */
export type FaceReadingTable = {
  id: string;
  meter_id: number;
  /** Unique: of one reading one comparison is kept. */
  command_id: string;
  typed: string;
  typed_wh: number;
  typed_at: number;
  read_wh: number;
  read_at: number;
  verdict: FaceVerdict;
  hint: FaceHint;
  made_by: string;
  made_name: string;
};

export type SetupSchema = {
  setup_skip: SetupSkipTable;
  setup_price: SetupPriceTable;
  face_reading: FaceReadingTable;
};
