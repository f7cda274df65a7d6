import { useCallback } from "react";
import { type NavigateOptions, type URLSearchParamsInit, useSearchParams } from "react-router";

type Change = URLSearchParamsInit | ((now: URLSearchParams) => URLSearchParamsInit);

/**
 * What stands behind the question mark of the address, as it is shown, and a way to change it. A change that is a function builds on the address as it
 * is by now, not as it was drawn last: a page that draws slowly may have been told of two filters before it follows the first.
 */
export function useAddress(): [URLSearchParams, (change: Change, options?: NavigateOptions) => void] {
  const [shown, setShown] = useSearchParams();
  const set = useCallback(
    (change: Change, options?: NavigateOptions) =>
      setShown(typeof change === "function" ? change(new URLSearchParams(window.location.search)) : change, options),
    [setShown],
  );
  return [shown, set];
}
