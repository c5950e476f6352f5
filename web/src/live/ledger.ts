// What is subscribed and how far each subscription has got: the hand-over of cursors.
//
// A subscription continues after its cursor, which the hub gives and only the hub can read. Every
// message moves it, so a new connection resumes exactly where the last one ended, with no gap and no
// repeat.

import type { ClientMessage, Sample, ServerMessage } from "../api/types";

export type Mode = "every" | "latest";

export interface Wish {
  readonly filter: string;
  readonly mode: Mode;
  /** Everything after this; without it, from when the hub says it is open. */
  readonly from?: string;
}

/** What a message means for one subscription. */
export type News =
  | { readonly kind: "samples"; readonly id: number; readonly samples: readonly Sample[]; readonly skipped: number }
  | { readonly kind: "gap"; readonly id: number }
  | { readonly kind: "refused"; readonly id: number; readonly reason: string; readonly detail: string };

interface Entry {
  readonly wish: Wish;
  cursor: string | undefined;
  /** The newest record it was told of. */
  newest: number;
}

export class Ledger {
  readonly #entries = new Map<number, Entry>();
  #last = 0;

  open(wish: Wish): { id: number; message: ClientMessage } {
    this.#last += 1;
    const entry = { wish, cursor: wish.from, newest: -1 };
    this.#entries.set(this.#last, entry);
    return { id: this.#last, message: subscribe(this.#last, entry) };
  }

  close(id: number): ClientMessage | undefined {
    return this.#entries.delete(id) ? { op: "unsubscribe", id } : undefined;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What to say on a new connection. */
  resume(): ClientMessage[] {
    return [...this.#entries].map(([id, entry]) => subscribe(id, entry));
  }

  /** Takes a message in; nothing for what was closed meanwhile. */
  receive(message: ServerMessage): News | undefined {
    const id = message.id ?? undefined;
    const entry = id === undefined ? undefined : this.#entries.get(id);
    if (id === undefined || entry === undefined) return undefined;
    switch (message.op) {
      case "subscribed":
        entry.cursor ??= message.cursor;
        return undefined;
      case "data": {
        const before = entry.newest;
        const samples = message.samples.filter((sample) => sample.sequence > before);
        entry.newest = samples.reduce((newest, each) => Math.max(newest, each.sequence), before);
        entry.cursor = message.cursor;
        return { kind: "samples", id, samples, skipped: message.skipped ?? 0 };
      }
      case "gap":
        entry.cursor = message.until;
        return { kind: "gap", id };
      case "error":
        if (message.reason === "cursor_unknown" || message.reason === "cursor_invalid") {
          // The hub has another log than the one we followed: start over.
          const wish = { ...entry.wish, from: undefined };
          this.#entries.set(id, { wish, cursor: undefined, newest: -1 });
          return { kind: "gap", id };
        }
        return { kind: "refused", id, reason: message.reason, detail: message.detail };
    }
  }

  /** Asks once more for a subscription the hub did not open. */
  again(id: number): ClientMessage | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : subscribe(id, entry);
  }
}

function subscribe(id: number, entry: Entry): ClientMessage {
  const { filter, mode } = entry.wish;
  const from = entry.cursor === undefined ? {} : { from: entry.cursor };
  return { op: "subscribe", id, channel: "topic", filter, mode, ...from };
}
