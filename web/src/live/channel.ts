// The one WebSocket of the page: connects, resumes, and hands samples over once per frame.

import { parseExact } from "../api/exact";
import type { ClientMessage, Sample, ServerMessage } from "../api/types";
import { backoff } from "./backoff";
import { Ledger, type Wish } from "./ledger";

export type ConnectionState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "waiting"; readonly until: number };

export interface Listener {
  samples(samples: readonly Sample[]): void;
  /** Part of the log is gone: what is shown must be read anew. */
  gap(): void;
  refused?(detail: string): void;
}

const CONNECT_MS = 8_000;
/** Samples gathered before they are handed over without waiting for a frame. */
const QUEUE_MAX = 5_000;
/** How often a hidden page, which draws no frames, takes its samples in. */
const HIDDEN_MS = 1_000;

export class Channel {
  readonly #ledger = new Ledger();
  readonly #listeners = new Map<number, Listener>();
  readonly #watchers = new Set<() => void>();
  readonly #queue: [number, readonly Sample[]][] = [];
  #queued = 0;
  #flushing: (() => void) | undefined;
  #socket: WebSocket | undefined;
  #state: ConnectionState = { kind: "connecting" };
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly address: string) {}

  start(): void {
    this.#connect();
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.retryNow();
    });
  }

  readonly state = (): ConnectionState => this.#state;

  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  retryNow(): void {
    if (this.#state.kind === "waiting") this.#connect();
  }

  /** Opens a subscription; the answer closes it. */
  subscribe(wish: Wish, listener: Listener): () => void {
    const { id, message } = this.#ledger.open(wish);
    this.#listeners.set(id, listener);
    this.#say(message);
    return () => {
      this.#listeners.delete(id);
      const message = this.#ledger.close(id);
      if (message !== undefined) this.#say(message);
    };
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#become({ kind: "connecting" });
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    const deadline = setTimeout(() => socket.close(), CONNECT_MS);
    socket.onopen = () => {
      clearTimeout(deadline);
      this.#attempt = 0;
      this.#become({ kind: "live" });
      this.#ledger.resume().forEach((message) => this.#say(message));
    };
    socket.onmessage = (event) => this.#receive(String(event.data));
    socket.onclose = () => {
      clearTimeout(deadline);
      if (this.#socket === socket) this.#wait();
    };
  }

  #wait(): void {
    this.#socket = undefined;
    const wait = backoff(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.#become({ kind: "waiting", until: Date.now() + wait });
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.#watchers.forEach((watcher) => watcher());
  }

  #say(message: ClientMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #receive(text: string): void {
    const news = this.#ledger.receive(parseExact(text) as ServerMessage);
    if (news === undefined) return;
    switch (news.kind) {
      case "samples":
        if (news.samples.length > 0) this.#enqueue(news.id, news.samples);
        return;
      case "gap": {
        this.#flush();
        const again = this.#ledger.again(news.id);
        if (again?.op === "subscribe" && again.from === undefined) this.#say(again);
        this.#listeners.get(news.id)?.gap();
        return;
      }
      case "refused":
        this.#listeners.get(news.id)?.refused?.(news.detail);
    }
  }

  #enqueue(id: number, samples: readonly Sample[]): void {
    this.#queue.push([id, samples]);
    this.#queued += samples.length;
    if (this.#queued >= QUEUE_MAX) {
      this.#flush();
    } else if (this.#flushing === undefined) {
      const flush = () => this.#flush();
      if (document.visibilityState === "hidden") {
        const timer = setTimeout(flush, HIDDEN_MS);
        this.#flushing = () => clearTimeout(timer);
      } else {
        const frame = requestAnimationFrame(flush);
        this.#flushing = () => cancelAnimationFrame(frame);
      }
    }
  }

  #flush(): void {
    this.#flushing?.();
    this.#flushing = undefined;
    this.#queued = 0;
    for (const [id, samples] of this.#queue.splice(0)) {
      this.#listeners.get(id)?.samples(samples);
    }
  }
}
