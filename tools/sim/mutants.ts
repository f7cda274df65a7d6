/** One rule taken away on purpose: the simulation must notice. Texts are replaced as the file is loaded; each must be there once. */
export type Mutant = { what: string; edits: readonly { file: string; find: string; put: string }[] };

/** Rules that carry money or supply, each with what the code would be without it. */
export const mutants: Readonly<Record<string, Mutant>> = {
  drop_read_back: {
    what: "silence after sending counts as done, without reading the meter's purchase count",
    edits: [
      {
        file: "src/collector/top-up-procedure.ts",
        find: 'if (told.kind === "silent") return settleByCount(run);',
        put: 'if (told.kind === "silent") return void (await run.settle({ kind: "confirmed", result: {} }));',
      },
      {
        file: "src/collector/top-up-procedure.ts",
        find: 'if (told.kind === "closed") return void (await run.settle({ kind: "silent" }));',
        put: 'if (told.kind === "closed") return void (await run.settle({ kind: "confirmed", result: {} }));',
      },
    ],
  },
  silence_is_no: {
    what: "silence after sending counts as refused, and the money goes back to the wallet",
    edits: [
      {
        file: "src/flows/settle-command.ts",
        find: 'case "silent":\n      return leaveUnknown(tx, at, outcome.why, outcome.wasHeard);',
        put: 'case "silent":\n      return refuse(ctx, tx, at, { reason: "silence", codes: ["customer-mismatch"] });',
      },
    ],
  },
  drop_fence: {
    what: "a collector whose lease is gone may still settle a command",
    edits: [
      {
        file: "src/flows/command-row.ts",
        find: '.where("id", "=", claimed.id)\n    .where("lease_token", "=", claimed.leaseToken)\n    .where("state", "in", [...OPEN_STATES])\n    .executeTakeFirst();\n}',
        put: '.where("id", "=", claimed.id)\n    .executeTakeFirst();\n}',
      },
      {
        file: "src/flows/command-row.ts",
        find: '.where("lease_token", "=", claimed.leaseToken)\n    .where("state", "in", [...OPEN_STATES])\n    .executeTakeFirst();\n  if',
        put: ".executeTakeFirst();\n  if",
      },
    ],
  },
  drop_one_at_a_time: {
    what: "two top-ups of a meter may be under way at once",
    edits: [
      {
        file: "src/flows/settle-command.ts",
        find: "if (state.top_up_open !== null && state.top_up_open !== claimed.id)",
        put: "if (false)",
      },
      {
        file: "src/flows/claim-commands.ts",
        find: "if (state.top_up_open !== null) return state.top_up_open === row.id;",
        put: "return true;",
      },
    ],
  },
  skip_key: {
    what: "the key of a payment is not looked at",
    edits: [
      {
        file: "src/flows/recharge.ts",
        find: "const earlier = await paymentByKey(tx, taking.key);",
        put: "const earlier = null as Awaited<ReturnType<typeof paymentByKey>>;",
      },
      {
        file: "src/flows/recharge.ts",
        find: "    idem_key: taking.key,",
        put: '    idem_key: taking.key + ":" + paymentNo,',
      },
      {
        file: "src/flows/recharge.ts",
        find: "part.orderNo === part.paymentNo ? taking.key :",
        put: "false ? taking.key :",
      },
    ],
  },
  withdraw_sent: {
    what: "a recharge may be withdrawn although its command may have left",
    edits: [
      {
        file: "src/flows/withdraw-recharge.ts",
        find: '.where("state", "=", "waiting")\n      .where("sent_at", "is", null)',
        put: "",
      },
    ],
  },
  first_sight: {
    what: "one look at an account is enough to cut it off",
    edits: [{ file: "src/domain/arrears.ts", find: "EVALUATIONS_MIN = 2", put: "EVALUATIONS_MIN = 1" }],
  },
};

/** The source with a mutant's edits in it. Throws when an edit does not fit exactly once: then the mutant is out of date. */
export function mutate(path: string, source: string, mutant: Mutant): string {
  return mutant.edits
    .filter(({ file }) => path.endsWith(file))
    .reduce((text, { file, find, put }) => {
      const parts = text.split(find);
      if (parts.length !== 2)
        throw new Error(`the text to be mutated stands ${parts.length - 1} times in ${file}: ${find}`);
      return parts.join(put);
    }, source);
}
