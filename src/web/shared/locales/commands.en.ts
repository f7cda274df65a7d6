import { commandReasonsEn } from "#domain/command-reasons.en.ts";
import type { commandsZh } from "./commands.zh-CN.ts";

/** Sentences about commands to meters and how far they are, in English. */
export const commandsEn: typeof commandsZh = {
  command: {
    title: { trip: "Trip {{label}}", close: "Close {{label}}" },
    tripLead:
      "This cuts the supply of {{place}} ({{kind}} …{{tail}}) at once. What counts is the switch read back from the meter.",
    tripWater:
      "This closes the valve of {{place}} ({{kind}} …{{tail}}). What counts is the state read back from the meter.",
    tripCustomer: "Customer: {{customer}}",
    closeLead: "This restores the supply of {{place}} ({{kind}} …{{tail}}). Make sure that the site is safe.",
    closeButton: "On this meter the tenant has to press and hold the button to switch on.",
    closeSafety: "Its load guard holds it off: have it looked into on site, then release it under load guard.",
    closeArrears: "It is off for arrears: if they remain, it will be cut off again.",
    offline: "The concentrator is offline: the command waits until it is back and expires after a while.",
    reason: "Reason",
    reasonRequired: "Reason (required)",
    reasonPlaceholder: "e.g. tenant moved out, work on the line",
    reasonMissing: "Enter the reason for the trip",
    cancel: "Cancel",
    confirm: { trip: "Trip now", close: "Close now" },
    progress: {
      trip: "Trip",
      close: "Close",
      read: "Reading",
      permit_close: "Permit to close",
      top_up: "Recharge",
      change_key: "Change of key",
      set_clock: "Clock set",
      set_load_guard: "Load guard",
      release_load_guard: "Release of the load guard",
      set_mode: "Change of mode",
      deduct: "Refund",
      clear: "Clear",
    },
    steps: { waiting: "Waiting", sent: "Sent", done: "Read back" },
    state: {
      waiting: "Waiting to be sent",
      sent: "Sent, waiting for the meter",
      unknown: "No answer; reading back",
      confirmed: "Confirmed by the meter",
      refused: "Refused by the meter",
      stopped: "Stopped, needs a person",
      expired: "Expired, not carried out",
      cancelled: "Cancelled",
    },
    waitingOffline: "Concentrator offline, waiting for it",
    now: "{{what}}: {{now}}",
    readDone: "Read",
    stateReason: commandReasonsEn,
    attempts: "attempt {{count}}",
    dismiss: "Dismiss",
  },
};
