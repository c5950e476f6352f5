// Copies a text and says so for a moment.

import { useEffect, useState } from "react";

const SHOWN_MS = 1_500;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState<boolean | undefined>();
  useEffect(() => {
    if (copied === undefined) return;
    const timer = setTimeout(() => setCopied(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => {
    void copyText(text).then(setCopied);
  };
  const said = copied === undefined ? "Copy" : copied ? "Copied" : "Select and press Ctrl+C";
  return (
    <button type="button" className="button copy" onClick={copy} aria-label={`${said}: ${label}`}>
      <svg width="13" height="13" viewBox="0 0 16 16" aria-hidden="true">
        {copied === true ? (
          <path className="line" d="m3 8.5 3.2 3.2L13 4.8" />
        ) : (
          <path className="line" d="M5.5 5.5V2.5h8v8h-3m-8-5h8v8h-8Z" />
        )}
      </svg>
      <span aria-live="polite">{said}</span>
    </button>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
