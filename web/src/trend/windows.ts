// The windows of a trend and how each is read.

export interface Window {
  readonly id: "5m" | "1h" | "24h" | "7d";
  readonly text: string;
  readonly ms: number;
  /** Width of a bucket, where raw samples are too many. */
  readonly bucketMs: number;
  readonly bucket: string;
  /** Raw samples are tried first. */
  readonly raw: boolean;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export const WINDOWS: readonly [Window, ...Window[]] = [
  { id: "5m", text: "5 min", ms: 5 * MINUTE, bucketMs: SECOND, bucket: "1s", raw: true },
  { id: "1h", text: "1 h", ms: HOUR, bucketMs: 10 * SECOND, bucket: "10s", raw: true },
  { id: "24h", text: "24 h", ms: 24 * HOUR, bucketMs: 2 * MINUTE, bucket: "2m", raw: false },
  { id: "7d", text: "7 d", ms: 168 * HOUR, bucketMs: 15 * MINUTE, bucket: "15m", raw: false },
];

export function windowOf(id: string | undefined): Window {
  return WINDOWS.find((window) => window.id === id) ?? WINDOWS[0];
}
