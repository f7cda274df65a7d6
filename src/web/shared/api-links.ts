import type { LinkRiskRequest, LinksView } from "#contract/links.ts";
import { call, get } from "./api.ts";

export const getLinks = () => get<LinksView>("/api/links");
export const postLinkRisk = (request: LinkRiskRequest) => call<undefined>("POST", "/api/links/risk", { body: request });

/** Key of what the pages keep about the door of concentrators. */
export const linksKey = ["links"] as const;
