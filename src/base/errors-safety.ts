/** Refusals about who may see the audit, about second factors and proofs; merged into the table of `errors.ts`. */
export const safetyErrors = {
  audit_needs_all_meters: [
    403,
    "审计日志涉及所有表计和人员,只有管辖全部表计的人可以查看",
    "The audit tells of all meters and people; only who looks after all meters may see it",
  ],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
