/** Examples of what is asked of the routes of the door and the guard; see `access.test.ts`. */
export const linkBodies = {
  "/api/off-guard/stop": { projectId: 1, reason: "价格录错" },
  "/api/off-guard/release": { projectId: 1, reason: "价格录错" },
  "/api/links/risk": { projectId: 1, taken: true, reason: "专线" },
  "/api/links/policy": {
    code: "C1",
    channel: "plain",
    sources: ["10.8.0.0/16"],
    lockSource: false,
    forgetSource: false,
    fingerprint: null,
    reason: "专线",
  },
};
