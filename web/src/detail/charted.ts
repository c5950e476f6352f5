// Which field of a document is charted before anybody has chosen one.

import type { Reading } from "../values/store";
import type { Value } from "../api/types";
import { kindOf, numberOf, type Kind } from "../values/value";

/** Epochs of 2000 to 2100, in milliseconds. */
const EPOCHS_MS = [946_684_800_000, 4_102_444_800_000] as const;
/** Milliseconds per unit of an epoch: seconds, milliseconds, microseconds, nanoseconds. */
const EPOCH_UNITS_MS = [1_000, 1, 1e-3, 1e-6];

/** Whether a number is as large as the time in one of the units that devices send. */
function looksLikeTime(number: number): boolean {
  const [first, last] = EPOCHS_MS;
  return EPOCH_UNITS_MS.some((unit) => number * unit >= first && number * unit < last);
}

/** The lower, the sooner it is charted. */
function rank(reading: Reading): number {
  const isOver = reading.superseded === true || reading.quality === "GoodNoData";
  const number = numberOf(reading.value);
  if (number === null) return kindOf(reading.value) === "state" && !isOver ? 2 : 5;
  if (looksLikeTime(number)) return 4;
  if (isOver) return 3;
  return reading.unit === undefined ? 1 : 0;
}

/** The first measurement: a number of now, one with a unit before others, no time of the message. */
export function firstCharted(fields: ReadonlyMap<string, Reading>): string | undefined {
  const ranked = [...fields].map(([field, reading]) => ({ field, rank: rank(reading) }));
  return ranked.sort((a, b) => a.rank - b.rank)[0]?.field;
}

/**
 * How something is charted: as most of its newest samples are, so that one `ERR` does not make a
 * measurement a list of states; the value now may be hidden by its quality.
 */
export function chartKind(
  now: Value | undefined,
  recent: readonly { readonly value: Value }[],
): "number" | "state" | undefined {
  const kinds = recent.map((point) => kindOf(point.value));
  const count = (kind: Kind) => kinds.filter((each) => each === kind).length;
  const [numbers, states] = [count("number"), count("state")];
  const own = kindOf(now);
  if (own === "document") return undefined;
  if (numbers !== states) return numbers > states ? "number" : "state";
  const newest = own === "none" ? kinds.find((kind) => kind !== "none") : own;
  return newest === "number" || newest === "state" ? newest : undefined;
}
