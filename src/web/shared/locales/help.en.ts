import type { helpZh } from "./help.zh-CN.ts";

/** The help page in English. */
export const helpEn: typeof helpZh = {
  title: "Help",
  lead: "What to do when something is wrong, and what the words on the pages mean.",
  search: "Find a word or a step",
  none: "Nothing about “{{text}}”. Try another word; the whole manual is docs/OPERATIONS.md.",
  guidesTitle: "Reliability: what to do",
  termsTitle: "Words",
  toPage: "Open the page",
  guides: {
    database: {
      title: "The database is slow, its clock is wrong, or a node is missing",
      steps: [
        "Run jichao doctor on the server and read what it says about the database.",
        "Clocks apart: enable NTP on both hosts (timedatectl set-ntp true); the card is green again after some minutes.",
        "A node is missing: work goes on. Let it join again as docs/GALERA.md, sections 3 and 4, says; change no data by hand.",
      ],
    },
    disk: {
      title: "The disk is nearly full",
      steps: [
        "A full disk stops all booking. Make room first: move old backups elsewhere, clear files that are not of this system.",
        "Delete nothing in the folder of the database or in the data folder.",
        "A bigger disk needs no change of settings.",
      ],
    },
    backup: {
      title: "No backup, a failed one, or none restored for trial lately",
      steps: [
        "Run jichao backup on the server and see what it complains of.",
        "Enable the nightly backup: docs/OPERATIONS.md, section 5. Keep backups on another machine.",
        "Restore one for trial each quarter: jichao backup verify FILE --record. A backup that was never tried is none.",
      ],
    },
    ledger: {
      title: "The books do not balance, or were changed",
      steps: [
        "Stop correcting by hand. Payments are not lost and may go on.",
        "Open the reconciliation and read the cause of each difference; settle as the page says what can be explained.",
        "Run jichao ledger verify on the server: it names the row that was changed. Keep database and backups, and tell the system administrator.",
      ],
    },
    audit: {
      title: "The audit log was changed, or not checked for long",
      steps: [
        "Not checked for long: see whether the server runs, or run jichao audit verify.",
        "Changed: keep database and backups, find out who can log in to the database, and change its password.",
      ],
    },
    commands: {
      title: "Commands do not end",
      steps: [
        "What is older than a day mostly waits for a concentrator or meter that is off line. Open the concentrators and mend those first.",
        "A recharge of unknown outcome is decided by the purchase count read back from the meter; it is never sent twice. Do not take the money again.",
        "When the meter is broken, open it on the board and exchange it.",
      ],
    },
    readings: {
      title: "Nothing new is read",
      steps: [
        "Open the concentrators: are all off line, or some?",
        "All: see whether the collector runs (systemctl status jichao-collector), and whether a firewall closes its port.",
        "Some: look at their power, SIM card and signal, and at the frame monitor on their page.",
        "Daily freezes and hours of the time without a line are fetched by themselves afterwards.",
      ],
    },
    trips: {
      title: "The guard has stopped trips",
      steps: [
        "Too many trips in a short time mostly mean a wrong price, reading or setting. Do not release them yet.",
        "Open the guard and see which meters and why; once the mistake is corrected, those that should not be cut leave the list by themselves.",
        "When all is right, another person with the permission releases them.",
      ],
    },
    quarantine: {
      title: "The system was restored and is in quarantine",
      steps: [
        "No recharge and no trip is sent meanwhile, so that nothing is credited twice. Payments are booked as usual.",
        "The purchase count of each meter is read back; those that agree are released by themselves.",
        "Open the quarantine and settle the meters that do not answer or do not agree.",
      ],
    },
  },
  terms: {
    board: [
      "Status board",
      "A tile for each meter: red fault or off line, black off, yellow alarm, white normal. A small corner triangle is a second state that also holds.",
    ],
    offline: [
      "Off line",
      "The concentrator has no line, or the meter did not answer three rounds in a row. What is shown is old: see its time.",
    ],
    remaining: [
      "Remaining",
      "What can still be used, in the meter or on the account; the time behind it is when it was read.",
    ],
    creditAtMeter: [
      "Credit in the meter",
      "The meter holds what was bought, counts it down, and opens by itself when it is used up.",
    ],
    creditAtServer: [
      "Credit on the server",
      "The money lies on the account and is charged by readings; in arrears the system sends the trip.",
    ],
    wallet: ["Wallet", "Money too little for a whole unit, or given back; the next recharge uses it."],
    purchaseCount: [
      "Purchase count",
      "A counter in the meter, one up with each recharge. It tells whether a recharge has arrived, so none is done twice.",
    ],
    ratio: ["Ratio", "Current transformer × voltage transformer. Usage = difference of indexes × ratio."],
    index: ["Index", "What the meter shows; it is never set back."],
    suspect: [
      "Doubtful reading",
      "It went backwards, jumped or is old. Nothing is billed and nobody cut off by it until a person decides.",
    ],
    freeze: [
      "Daily freeze",
      "The index that the meter itself keeps at midnight. It can be fetched days later and counts for midnight.",
    ],
    completeness: ["Completeness", "How many of the daily freezes that ought to be there are there."],
    close: [
      "Closing a day",
      "Usage and cost of each meter are fixed. A later correction is a new revision; the old one can still be seen.",
    ],
    estimated: [
      "Estimated",
      "No reading at midnight: drawn from those around it, and marked. What nobody knows is “—”, never 0.",
    ],
    master: ["Master meter", "Measures all of an area or box. It is in no sum, or the same energy would count twice."],
    loss: ["Loss", "Master meter minus the sum of its sub-meters."],
    share: ["Public share", "The usage of a public meter, shared by a rule; the bill shows formula and figures."],
    merged: ["Merged account", "Several meters of a customer on one balance; the main meter is recharged."],
    guard: [
      "Guard over trips",
      "Too many trips in a short time stop by themselves until another person releases them. Payments and closing go on.",
    ],
    noCut: ["No-cut hours", "Nobody is cut off for arrears in this time, such as nights and holidays."],
    protect: ["Supply guard", "A meter that is never cut off for arrears, such as a clinic or a cold store."],
    approval: ["Approval", "Refunds, clearings, prices and such above a limit need another person."],
    stepUp: ["Proof", "Password or code once more before something dangerous."],
    shift: ["Shift", "What a cashier takes from opening to closing. Count the cash first, then see the books."],
    scope: ["Area of a user", "The areas and meters somebody sees. What lies outside is in no search, sum or export."],
    seal: ["Seal", "A chain of checks over books and audit log. What is changed, deleted or put in later is named."],
  },
};
