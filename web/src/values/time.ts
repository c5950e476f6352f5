// Times: RFC 3339 with up to nine digits in, local time and ages out.

/** Milliseconds since 1970, with what lies below a millisecond as fraction. */
export function parseTime(text: string): number {
  const whole = Date.parse(`${text.slice(0, 19)}Z`);
  const fraction = /^\.(\d+)/.exec(text.slice(19));
  return fraction === null ? whole : whole + Number(`0.${fraction[1]}`) * 1000;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in the largest unit that still says something. */
export function ageText(ms: number): string {
  if (ms < -2 * SECOND) return `${ageText(-ms)} ahead`;
  if (ms < 950) return "now";
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`;
  return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`;
}

/** The largest unit only, for narrow columns. */
export function shortAge(ms: number): string {
  return ageText(ms).split(" ").slice(0, 2).join("\u00a0");
}

const pad = (number: number, digits = 2) => String(number).padStart(digits, "0");

/** Time of day where the reader is, with milliseconds. */
export function clockText(ms: number): string {
  const date = new Date(ms);
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return `${time}.${pad(date.getMilliseconds(), 3)}`;
}

/** Day and time where the reader is. */
export function dateText(ms: number): string {
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${clockText(ms)}`;
}
