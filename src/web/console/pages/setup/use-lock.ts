import { useRef } from "react";

/** Lets one through at a time: a second click in the same instant finds it taken, before anything was drawn anew. */
export function useLock(): { take: () => boolean; free: () => void } {
  const taken = useRef(false);
  return {
    take: () => {
      const isFree = !taken.current;
      taken.current = true;
      return isFree;
    },
    free: () => {
      taken.current = false;
    },
  };
}
