import type {
  FaceReading,
  FaceRequest,
  SetupAreasAnswer,
  SetupAreasRequest,
  SetupProjectRequest,
  SetupSkipRequest,
  SetupView,
} from "#contract/setup.ts";
import { call, get } from "./api.ts";

export const getSetup = () => get<SetupView>("/api/setup");
export const postSetupProject = (body: SetupProjectRequest) => call<SetupView>("POST", "/api/setup/project", { body });
export const postSetupAreas = (body: SetupAreasRequest) => call<SetupAreasAnswer>("POST", "/api/setup/areas", { body });
export const postSetupSkip = (body: SetupSkipRequest) => call<SetupView>("POST", "/api/setup/skip", { body });
export const postFace = (body: FaceRequest) => call<FaceReading>("POST", "/api/setup/faces", { body });
export const postDemo = () => call<{ enrolled: boolean }>("POST", "/api/setup/demo", { body: {} });

/** What the pages keep about the set-up. */
export const setupKey = ["setup"] as const;
