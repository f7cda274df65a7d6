/** Bodies of requests about second factors that would succeed. */
export const safetyBodies = {
  "/api/security-settings": { stepUpMinutes: 10, totpPermissions: [], reason: "试" },
  "/api/users/:id/totp/reset": { reason: "手机丢失" },
};
