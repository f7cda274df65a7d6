import type { safetyZh } from "./safety.zh-CN.ts";

/** Sentences about second factors, proofs and sessions, in English. */
export const safetyEn: typeof safetyZh = {
  safety: {
    title: "Account security",
    password: "Password",
    code: "Code, or a recovery code",
    menu: "Account security",
    stepUp: {
      title: "Prove once more that it is you",
      passwordLead:
        "This is about supply, money or rights. Enter your password; it then goes on by itself, and nothing typed is lost.",
      codeLead:
        "This is about supply, money or rights. Enter the six digits of your authenticator (or a recovery code); it then goes on by itself.",
      confirm: "Confirm",
      cancel: "Cancel",
    },
    factor: {
      title: "Second factor",
      on: "On since {{time}}",
      off: "Off",
      lead: "Then a log-in asks for the six digits of an authenticator on your phone as well, and so do dangerous things.",
      demanded: "Some of your permissions ask for a second factor and do not work before you set it up.",
      begin: "Set it up",
      scan: "1. Scan this with an authenticator:",
      byHand: "If you cannot scan, type the key:",
      address: "The whole address",
      confirmLabel: "2. Enter the six digits that it shows",
      confirm: "Confirm",
      codesLead:
        "These are your recovery codes. Each works once, and they are shown only now: write them down and keep them away from your phone.",
      codesKept: "I have kept them",
      codesUnseen:
        "The second factor is set up, but its recovery codes were lost on the way to this page and cannot be shown again. Wait for the next code of your authenticator, enter it below and make new recovery codes; the lost ones are over then.",
      codesLeft: "{{count}} recovery codes left",
      renew: "New recovery codes",
      remove: "Take it away",
    },
    sessions: {
      title: "Where I am logged in",
      current: "this one",
      unknown: "Unknown address",
      times: "Logged in {{from}} · last used {{seen}}",
      end: "End",
      endOthers: "End all others",
    },
    rules: {
      title: "Rules for everybody",
      minutes: "Minutes for which a proof holds",
      minutesHint: "0 asks for none; a log-in counts as a proof. At most 720.",
      demand: "These permissions ask for a second factor",
      reason: "Reason",
      save: "Save",
      permission: {
        meter_trip: "Trip",
        guard_release: "Release of the guard",
        refund_approve: "Approval of refunds",
        credit_clear: "Clearing and write-off",
        price_approve: "Approval of prices",
        reconcile_correct: "Correcting differences",
        user_manage: "Users",
        settings_manage: "Settings",
      },
    },
  },
};
