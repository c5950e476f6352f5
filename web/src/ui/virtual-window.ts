// Which rows of a long list are on the screen.

import { useEffect, useLayoutEffect, useState } from "react";

export interface Span {
  readonly first: number;
  readonly last: number;
}

/** Rows drawn above and below what is seen. */
const MARGIN = 8;

/** The rows from `first` to before `last`, with a margin, within `count`. */
export function spanOf(scrollTop: number, height: number, rowHeight: number, count: number): Span {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - MARGIN);
  const last = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + MARGIN);
  return { first: Math.min(first, Math.max(0, last)), last };
}

export function useVirtualWindow(
  box: React.RefObject<HTMLElement | null>,
  rowHeight: number,
  count: number,
): Span {
  const [view, setView] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, [box]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let frame = 0;
    const onScroll = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() =>
        setView({ top: element.scrollTop, height: element.clientHeight }),
      );
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", onScroll);
    };
  }, [box]);
  return spanOf(view.top, view.height, rowHeight, count);
}
