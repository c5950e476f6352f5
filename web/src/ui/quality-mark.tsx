// Quality as a shape and a colour: a disc, a triangle, a crossed square, a ring.

const NAMES = { Good: "good", Uncertain: "uncertain", Bad: "bad", GoodNoData: "no data" } as const;

export type QualityName = keyof typeof NAMES;

const SHAPES: Record<QualityName, React.ReactNode> = {
  Good: <circle cx="8" cy="8" r="5" />,
  Uncertain: (
    <>
      <path d="M8 1.6 15 14H1Z" />
      <path className="mark-sign" d="M8 6v4M8 11.6v.9" />
    </>
  ),
  Bad: (
    <>
      <rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" />
      <path className="mark-sign" d="m5.2 5.2 5.6 5.6m0-5.6-5.6 5.6" />
    </>
  ),
  GoodNoData: <circle className="mark-ring" cx="8" cy="8" r="4.4" />,
};

export function qualityWord(quality: QualityName): string {
  return NAMES[quality];
}

export function QualityMark({ quality, size = 12 }: { quality: QualityName; size?: number }) {
  return (
    <svg
      className={`mark mark-${NAMES[quality].replace(" ", "-")}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      role="img"
      aria-label={`quality ${NAMES[quality]}`}
    >
      {SHAPES[quality]}
    </svg>
  );
}
