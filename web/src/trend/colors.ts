// Colours of a drawing, from the style sheet, so that both themes have one source.

export interface Palette {
  readonly text: string;
  readonly ground: string;
  readonly grid: string;
  /** Of each scale. */
  readonly lines: readonly string[];
  readonly bands: readonly string[];
  readonly bad: string;
  readonly silence: string;
  readonly states: readonly string[];
  readonly run: string;
  readonly stop: string;
  readonly fault: string;
  readonly idle: string;
}

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: of("--faint"),
    ground: of("--card"),
    grid: of("--grid"),
    lines: [of("--line"), of("--line-2")],
    bands: [of("--band"), of("--band-2")],
    bad: of("--bad"),
    silence: of("--hatch"),
    states: [1, 2, 3, 4, 5, 6].map((number) => of(`--state-${number}`)),
    run: of("--state-run"),
    stop: of("--state-3"),
    fault: of("--state-fault"),
    idle: of("--state-idle"),
  };
}

const RUN = /^(run|running|on|true|open|ok|execute|producing|auto)$/i;
const FAULT = /^(fault|faulted|error|alarm|down|aborted|emergency)$/i;
const STOP = /^(stop|stopped|stopping)$/i;
const IDLE = /^(idle|off|false|wait|waiting|break|pause|paused|standby|held|closed)$/i;

/** One colour per state, the same every time; common words get the expected one. */
export function stateColor(text: string, colors: Palette): string {
  if (RUN.test(text)) return colors.run;
  if (FAULT.test(text)) return colors.fault;
  if (STOP.test(text)) return colors.stop;
  if (IDLE.test(text)) return colors.idle;
  let hash = 0;
  for (const letter of text) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return colors.states[hash % colors.states.length] ?? colors.idle;
}
