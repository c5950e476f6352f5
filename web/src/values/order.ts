// The order of names as people count: 2 before 10, and as the hub has them otherwise.

/** Below 0 where the first comes first. */
export function byName(a: string, b: string): number {
  const [left, right] = [a.split(/(\d+)/), b.split(/(\d+)/)];
  // Every other part is digits, so parts of one kind meet.
  const at = left.findIndex((part, index) => part !== right[index]);
  if (at === -1) return left.length - right.length;
  const [mine, other] = [left[at] ?? "", right[at] ?? ""];
  const count = at % 2 === 1 ? Number(mine) - Number(other) : 0;
  return count !== 0 ? count : mine < other ? -1 : 1;
}
