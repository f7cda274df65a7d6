import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { flushSync } from "react-dom";
import { newKey } from "#web/shared/new-key.ts";

/** What a receipt is printed on: a roll of 80 mm, or a sheet of A4. */
export const papers = ["roll", "sheet"] as const;
export type Paper = (typeof papers)[number];
const STORED_AS = "jichao.paper";

/** How a print of something is counted, and where the pages keep how often it was printed. */
export type PrintCounter = { count: (key: string) => Promise<{ n: number }>; queryKey: QueryKey };

/**
 * Printing a receipt: the server counts first, so that the second print carries its mark wherever it is made; what could not be counted
 * is not printed. The paper is remembered on this computer.
 */
export function usePrint({ count, queryKey }: PrintCounter) {
  const client = useQueryClient();
  const [printed, setPrinted] = useState<number | null>(null);
  const [paper, setPaper] = useState<Paper>(() => (localStorage.getItem(STORED_AS) === "sheet" ? "sheet" : "roll"));
  const printing = useMutation({
    mutationFn: () => count(newKey()),
    onSuccess: ({ n }) => {
      flushSync(() => setPrinted(n));
      void client.invalidateQueries({ queryKey });
      window.print();
    },
  });
  return {
    paper,
    /** Which print this is, once one was made here. */
    printed,
    busy: printing.isPending,
    problem: printing.error,
    print: (): void => {
      if (!printing.isPending) printing.mutate();
    },
    choose: (next: Paper): void => {
      localStorage.setItem(STORED_AS, next);
      setPaper(next);
    },
  };
}
