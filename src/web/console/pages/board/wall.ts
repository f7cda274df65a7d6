import { type RefObject, useEffect } from "react";

/** So long a screenful of a wall stays, so that somebody who passes by can read it. */
const TURN_MS = 12_000;
/** Of a longer area so much is seen twice: the line of tiles that was cut. */
const AGAIN_PX = 80;

/**
 * While the board hangs on a wall (大屏): brings the next areas into sight by itself, and ends when the screen is no longer filled or Esc is
 * pressed. It only scrolls, so nothing grows however long it hangs there.
 */
export function useWall(on: boolean, scroller: RefObject<HTMLElement | null>, end: () => void): void {
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => turn(scroller.current), TURN_MS);
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape") end();
    };
    const onFull = (): void => {
      if (document.fullscreenElement === null) end();
    };
    document.addEventListener("keydown", onKey);
    document.addEventListener("fullscreenchange", onFull);
    return () => {
      clearInterval(timer);
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("fullscreenchange", onFull);
      if (document.fullscreenElement !== null) void document.exitFullscreen();
    };
  }, [on, scroller, end]);
}

/** The first area that is not wholly in sight comes to the top; after the last one the first. */
function turn(board: HTMLElement | null): void {
  if (board === null) return;
  const end = board.scrollTop + board.clientHeight;
  const next = [...board.querySelectorAll<HTMLElement>(".area:not([hidden])")].find(
    (area) => area.offsetTop + area.offsetHeight > end + 1,
  );
  if (next === undefined) board.scrollTop = 0;
  else if (next.offsetTop > board.scrollTop + 1) board.scrollTop = next.offsetTop;
  else board.scrollTop += board.clientHeight - AGAIN_PX;
}
