// The top of the page: which hub, whether it is live, how much it holds, light or dark.

import { useEffect, useState } from "react";
import { api } from "../api/client";
import { useConnection, useHub } from "../hub-context";
import { NOWHERE, placeHash } from "../location";
import { useNow } from "../ui/now";
import { toggleTheme, useTheme } from "../ui/theme";

const COUNT_MS = 3_000;

export function Header() {
  return (
    <header className="top">
      <a className="brand" href={placeHash(NOWHERE)}>
        <img src="/favicon.svg" alt="" width="22" height="22" />
        <b>UNS Hub</b>
        <span className="host">{location.host}</span>
      </a>
      <div className="top-right">
        <NodeCount />
        <Connection />
        <ThemeButton />
      </div>
    </header>
  );
}

function NodeCount() {
  const [count, setCount] = useState<number>();
  useEffect(() => {
    const ask = () => {
      if (document.visibilityState === "hidden") return;
      api.nodes().then(setCount, () => undefined);
    };
    ask();
    const timer = setInterval(ask, COUNT_MS);
    return () => clearInterval(timer);
  }, []);
  if (count === undefined) return null;
  return (
    <span className="nodes" data-testid="nodes">
      <b>{count.toLocaleString("en")}</b> {count === 1 ? "tag" : "tags"}
    </span>
  );
}

function Connection() {
  const state = useConnection();
  const { channel } = useHub();
  const now = useNow();
  if (state.kind === "waiting") {
    const seconds = Math.max(0, Math.ceil((state.until - now) / 1_000));
    return (
      <button type="button" className="connection waiting" onClick={() => channel.retryNow()}>
        <i aria-hidden="true" />
        <span role="status">Reconnecting{seconds > 0 ? ` in ${seconds} s` : "…"}</span>
      </button>
    );
  }
  return (
    <span className={`connection ${state.kind}`} role="status" data-testid="connection">
      <i aria-hidden="true" />
      {state.kind === "live" ? "Live" : "Connecting…"}
    </span>
  );
}

function ThemeButton() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button type="button" className="button icon" onClick={toggleTheme} aria-label={`Use ${other} colours`}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        {theme === "dark" ? (
          <path
            className="line"
            d="M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1"
          />
        ) : (
          <path className="line" d="M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3Z" />
        )}
      </svg>
    </button>
  );
}
