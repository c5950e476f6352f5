// Light or dark: what the system says, unless the reader chose.

import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const KEY = "uns-theme";
const media = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function chosen(): Theme | undefined {
  const stored = localStorage.getItem(KEY);
  return stored === "light" || stored === "dark" ? stored : undefined;
}

function theme(): Theme {
  return chosen() ?? (media.matches ? "dark" : "light");
}

function apply(): void {
  document.documentElement.dataset.theme = theme();
  listeners.forEach((tell) => tell());
}

/** Puts the theme on the document and follows the system. */
export function startTheme(): void {
  media.addEventListener("change", apply);
  apply();
}

export function toggleTheme(): void {
  const next: Theme = theme() === "dark" ? "light" : "dark";
  const system: Theme = media.matches ? "dark" : "light";
  // Back to what the system says: no choice to remember.
  if (next === system) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  apply();
}

export function useTheme(): Theme {
  return useSyncExternalStore((tell) => {
    listeners.add(tell);
    return () => listeners.delete(tell);
  }, theme);
}
