// The mock's live channel: readers of the mock's log.

import type { ClientMessage, Sample, ServerMessage } from "../src/api/types";
import type { World } from "./world";

interface Reader {
  readonly filter: string;
  readonly mode: string;
  position: number;
}

const LATEST_MS = 100;

/** Serves one client; the answers take what it says and end it. */
export function live(world: World, send: (message: ServerMessage) => void) {
  const readers = new Map<number, Reader>();
  const pump = (mode: string) => {
    for (const [id, reader] of readers) {
      if (reader.mode !== mode || reader.position === world.sequence) continue;
      const all = world.after(reader.position, reader.filter);
      const samples = mode === "latest" ? newest(all) : all;
      reader.position = world.sequence;
      const skipped = all.length - samples.length;
      if (samples.length === 0) continue;
      send({ op: "data", id, cursor: String(world.sequence), samples, ...(skipped > 0 ? { skipped } : {}) });
    }
  };
  const stop = world.listen(() => pump("every"));
  const timer = setInterval(() => pump("latest"), LATEST_MS);
  return {
    say(message: ClientMessage) {
      if (message.op === "unsubscribe") {
        readers.delete(message.id);
        return;
      }
      const { id, filter } = message;
      const position = Number(message.from ?? world.sequence);
      if (position > world.sequence) {
        send({ op: "error", id, reason: "cursor_unknown", detail: "The log ends before that." });
        return;
      }
      readers.set(id, { filter, mode: message.mode ?? "every", position });
      send({ op: "subscribed", id, cursor: String(position) });
      pump("every");
    },
    end() {
      stop();
      clearInterval(timer);
    },
  };
}

function newest(samples: readonly Sample[]): Sample[] {
  return [...new Map(samples.map((sample) => [`${sample.topic}\n${sample.field ?? ""}`, sample])).values()];
}
