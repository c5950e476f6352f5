// The fields of the documents this plant has.

import type { Value } from "../src/api/types";
import { isDocument } from "../src/values/value";

/** The scalar leaves of a document by dotted name. */
export function* leaves(value: Value, prefix = ""): Generator<[string, Value]> {
  if (!isDocument(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (isDocument(inner)) yield* leaves(inner, `${prefix}${key}.`);
    else if (!Array.isArray(inner)) yield [`${prefix}${key}`, inner];
  }
}
