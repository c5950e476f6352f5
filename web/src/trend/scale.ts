// The scale of numbers beside a chart: its range, its ticks, and labels that tell the ticks apart.

/** A double has no finer steps than about this part of itself. */
const FINEST = 2 ** -50;
/** Far enough from the largest double that the difference of two bounds is one as well. */
const BOUND_MAX = 8e307;
/** How many steps a tick may lie outside, by rounding. */
const ROUNDING = 1e-9;
/** Labels of up to so many characters are not written in scientific notation. */
const PLAIN_MAX = 8;

/** Room around the values; a constant does not become a mountain range. */
export function room(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
  const [low, high] = [within(min), within(max)];
  const size = sizeOf([low, high]);
  const span = high - low;
  const pad = span > 0 ? Math.max(span * 0.12, size * FINEST * 8) : aroundConstant(size);
  return [within(low - pad), within(high + pad)];
}

function within(value: number): number {
  return Math.max(-BOUND_MAX, Math.min(BOUND_MAX, value));
}

function aroundConstant(size: number): number {
  if (size === 0) return 0.5;
  return size < 1 ? Math.max(size / 2, Number.MIN_VALUE) : Math.max(size / 100, 0.5);
}

/** The distance of two ticks, `digits × 10^exponent`: 1, 2, 2.5 or 5 times a power of ten. */
export interface Step {
  readonly digits: number;
  readonly exponent: number;
}

type Range = readonly [min: number, max: number];

const sizeOf = ([min, max]: Range) => Math.max(Math.abs(min), Math.abs(max));

/** As exact as a decimal is read. */
function scaled(digits: number, exponent: number): number {
  return Number(`${digits}e${exponent}`);
}

/** The smallest step that leaves each tick `share` of the range. */
export function stepOf(range: Range, share: number): Step {
  const least = Math.max((range[1] - range[0]) * share, sizeOf(range) * FINEST, Number.MIN_VALUE);
  const exponent = Math.floor(Math.log10(least)) - 1;
  const digits = [10, 20, 25, 50].find((each) => scaled(each, exponent) >= least) ?? 100;
  if (digits === 25) return { digits, exponent };
  return digits === 100 ? { digits: 1, exponent: exponent + 2 } : { digits: digits / 10, exponent: exponent + 1 };
}

/** The multiples of a step within a range. */
export function ticks([min, max]: Range, { digits, exponent }: Step): number[] {
  const step = scaled(digits, exponent);
  const [first, last] = [Math.ceil(min / step - ROUNDING), Math.floor(max / step + ROUNDING)];
  if (!Number.isSafeInteger(first * digits) || !Number.isSafeInteger(last * digits)) return [];
  const at = (index: number) => scaled((first + index) * digits, exponent);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => at(index));
}

/** As many digits as tell the ticks apart; in scientific notation where that is shorter. */
export function labels(at: readonly number[], { exponent }: Step): string[] {
  const decimals = Math.max(0, Math.min(20, -exponent));
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const plain = at.map((value) => (value === 0 ? "0" : value.toLocaleString("en", digits)));
  const scientific = at.map((value) => scientificText(value, exponent));
  const longest = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => text.length));
  const isPlain = exponent >= -20 && longest(plain) <= Math.max(PLAIN_MAX, longest(scientific));
  return isPlain ? plain : scientific;
}

/** The number with the digits down to a power of ten. */
function scientificText(value: number, exponent: number): string {
  if (value === 0) return "0";
  const own = Number(value.toExponential().split("e")[1]);
  return value.toExponential(Math.max(0, Math.min(20, own - exponent))).replace("e+", "e");
}
