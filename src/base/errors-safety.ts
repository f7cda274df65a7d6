/** Refusals about who may see the audit, about second factors and proofs; merged into the table of `errors.ts`. */
export const safetyErrors = {
  audit_needs_all_meters: [
    403,
    "审计日志涉及所有表计和人员,只有管辖全部表计的人可以查看",
    "The audit tells of all meters and people; only who looks after all meters may see it",
  ],
  second_factor_required: [
    401,
    "请输入身份验证器上的 6 位验证码,或一个恢复码",
    "Enter the six digits that your authenticator shows, or a recovery code",
  ],
  code_wrong: [
    403,
    "验证码不正确或已用过。请等验证器显示下一个验证码再试",
    "The code is wrong or was used already; wait for the next one of your authenticator",
  ],
  proof_password_wrong: [403, "密码不正确", "The password is wrong"],
  step_up_required: [
    403,
    "此操作需要再次确认是您本人:请重新输入密码或验证码",
    "This needs another proof that it is you: enter your password or code again",
  ],
  totp_enrol_required: [
    403,
    "此项权限要求两步验证:请先在“账号安全”中启用,再重试",
    "This permission asks for a second factor: set it up under account security, then try again",
  ],
  totp_enrolled: [409, "两步验证已启用", "The second factor is set up already"],
  totp_not_begun: [409, "请先开始启用两步验证", "Begin to set up the second factor first"],
  totp_demanded: [
    409,
    "您的权限要求两步验证,不能自己停用",
    "Your permissions ask for a second factor; you cannot take it away yourself",
  ],
  totp_reset_self: [
    409,
    "不能重置自己的两步验证,请由另一位管理员操作",
    "You cannot reset your own second factor; another administrator has to",
  ],
  session_not_found: [404, "该登录已结束", "That session has ended"],
} as const satisfies Record<string, readonly [status: number, zh: string, en: string]>;
