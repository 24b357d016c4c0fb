// Round numbers along an axis.

/** About `count` round numbers between two. */
export function ticks(least: number, most: number, count = 5): number[] {
  const span = most - least;
  if (!(span > 0) || !Number.isFinite(span)) return [];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
  const found: number[] = [];
  for (let at = Math.ceil(least / step - 1e-9); at * step <= most + step * 1e-9; at++) found.push(Number((at * step).toPrecision(12)));
  return found;
}

/** The least and the largest finite number of some lists; none give 0 and 1. */
export function reach(...lists: ArrayLike<number>[]): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const value = list[i];
      if (!Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  if (least > most) return [0, 1];
  if (least === most) return [least - Math.max(Math.abs(least), 1) * 0.05, most + Math.max(Math.abs(most), 1) * 0.05];
  return [least, most];
}
