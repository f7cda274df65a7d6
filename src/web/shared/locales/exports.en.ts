import type { exportsZh } from "./exports.zh-CN.ts";

/** Sentences about files that are made in the background, in English. */
export const exportsEn: typeof exportsZh = {
  exports: {
    title: "Exports",
    lead: "Exports of {{rows}} rows and more are made in the background, also when you leave the page. Files are kept for 3 days, and only you see yours.",
    begun: "There are many rows: the file is made in the background.",
    see: "See exports",
    tray: "{{count}} exports under way",
    trayDone: "Export done",
    empty: "No exports in the background yet",
    emptyLead:
      "“Export to Excel” on a report brings you here when there are many rows; readings of the whole site are asked for above.",
    state: {
      waiting: "Waiting",
      running: "Being made",
      done: "Done",
      failed: "Failed",
      cancelled: "Cancelled",
      expired: "Expired",
    },
    progress: "Progress",
    rowsOf: "{{done}} of about {{of}} rows",
    rows: "{{done}} rows",
    askedAt: "asked {{time}}",
    endedAt: "ended {{time}}",
    expiresAt: "kept until {{time}}",
    download: "Download",
    cancel: "Cancel",
    retry: "Make again",
    remove: "Remove file",
    slots: "Readings of the whole site by slot",
    slotsLead:
      "Index and usage of all meters by the hour or every few minutes; at most {{days}} days and 1,000,000 rows at once.",
    from: "From",
    to: "To",
    length: "Slot",
    hour: "1 hour",
    minutes: "{{minutes}} minutes",
    ask: "Make the file",
  },
};
