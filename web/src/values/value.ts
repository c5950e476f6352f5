// What a value is, and how it is written.

import { Exact } from "../api/exact";
import type { Value } from "../api/types";

export type Kind = "number" | "state" | "document" | "none";

type Document = { readonly [key: string]: Value };

export function isDocument(value: Value | undefined): value is Document {
  const object = typeof value === "object" && value !== null;
  return object && !Array.isArray(value) && !(value instanceof Exact);
}

/** Integers past 2^53 travel as text; they are numbers to a chart. */
const LONG_INTEGER = /^-?\d{16,20}$/;

/** The value as a number, where it is one. */
export function numberOf(value: Value): number | null {
  if (typeof value === "number") return value;
  if (value instanceof Exact) return value.number;
  if (typeof value === "string" && LONG_INTEGER.test(value)) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? null : number;
  }
  return null;
}

export function kindOf(value: Value | undefined): Kind {
  if (value === undefined || value === null) return "none";
  if (numberOf(value) !== null) return "number";
  return typeof value === "object" ? "document" : "state";
}

/** The value in full: numbers with the text they were published with. */
export function valueText(value: Value | undefined): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "string") return value;
  if (value instanceof Exact) return value.text;
  if (typeof value === "object") return jsonText(value);
  return String(value);
}

function jsonText(value: Value): string {
  if (value instanceof Exact) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (isDocument(value)) {
    const members = Object.entries(value).map(([key, v]) => `${JSON.stringify(key)}:${jsonText(v)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Digits of a fraction that a large value shows: more than any sensor has. */
const SHOWN_DIGITS = 9;

/** The value where it stands large or among others: of long fractions the digits that say something. */
export function readableText(value: Value | undefined): string {
  const text = valueText(value);
  const number = value === undefined || typeof value === "string" ? null : numberOf(value);
  if (number === null || !Number.isFinite(number) || !/[.e]/i.test(text)) return text;
  if (significant(text) <= SHOWN_DIGITS) return text.replace("e+", "e");
  const whole = Math.abs(number) < 1 ? 0 : Math.floor(Math.log10(Math.abs(number))) + 1;
  const digits = whole > 21 ? SHOWN_DIGITS : Math.max(SHOWN_DIGITS, Math.min(whole, 17));
  return String(Number(number.toPrecision(digits))).replace("e+", "e");
}

function significant(text: string): number {
  const digits = text.replace(/e.*$/i, "").replace(/\D/g, "");
  return digits.replace(/^0+/, "").length;
}

/** What a hub says of a payload that is no value: how large it is, and what it looks like. */
interface Opaque {
  readonly value: Value;
  readonly type?: string | null | undefined;
  readonly size?: number | null | undefined;
  readonly looksLike?: string | null | undefined;
}

/** The value as it is shown: bytes are described, their base64 says nothing to a reader. */
export function shownValue({ value, type, size, looksLike }: Opaque): Value {
  if (type !== "bytes") return value;
  const count = size === 1 ? "1 byte" : `${size ?? "some"} bytes`;
  return typeof looksLike === "string" ? `${count}, ${looksLike}` : count;
}

/** The value in the little space of a list. */
export function briefText(value: Value | undefined): string {
  if (isDocument(value)) return `{${counted(Object.keys(value).length, "key")}}`;
  if (Array.isArray(value)) return `[${value.length}]`;
  const text = readableText(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** How many there are, as one says it. */
export function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/** The unit as it stands beside a value: not beside what is none, and not after a text that says it. */
export function unitBeside(value: Value | undefined, unit: string | undefined): string | undefined {
  const kind = kindOf(value);
  if (unit === undefined || kind === "none" || kind === "document") return undefined;
  return kind === "state" && valueText(value).trimEnd().endsWith(unit) ? undefined : unit;
}
