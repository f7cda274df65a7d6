import { useEffect, useState } from "react";
import { useSettled } from "./use-settled.ts";

const SETTLED_MS = 300;

/**
 * The text of a filter that stands in the address: what is typed goes there once it stands still, and what changes there by another way (back, a link,
 * "everything") is shown. Answers the text and how to change it.
 */
export function useTypedFilter(value: string, onChange: (text: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState({ value, said: value });
  const settled = useSettled(text.trim(), SETTLED_MS);
  if (value !== known.value) {
    setKnown({ value, said: value });
    // An echo of what was said from here must not take back what was typed since.
    if (value !== known.said) setText(value);
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed changes the address
  useEffect(() => {
    if (settled === value) return;
    setKnown({ value, said: settled });
    onChange(settled);
  }, [settled]);
  return [text, setText];
}
