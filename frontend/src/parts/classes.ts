// How classes look: each has a color and a form, so that nobody needs the color.

/** Colors of Okabe and Ito, which most people can tell apart, then lighter ones. */
export const CLASS_COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7f6000", "#666666", "#b8257b"];

/** The outline of a point of this class, about a place. */
export function outline(of: number, x: number, y: number, r: number): Path2D {
  const path = new Path2D();
  const polygon = (corners: [number, number][]) => {
    corners.forEach(([dx, dy], i) => (i ? path.lineTo(x + dx * r, y + dy * r) : path.moveTo(x + dx * r, y + dy * r)));
    path.closePath();
  };
  switch (of % 5) {
    case 0:
      path.arc(x, y, r, 0, 2 * Math.PI);
      break;
    case 1:
      polygon([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]);
      break;
    case 2:
      polygon([[0, -1.25], [1.15, 0.85], [-1.15, 0.85]]);
      break;
    case 3:
      polygon([[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]]);
      break;
    default:
      polygon([[-1, 0.75], [0, -1.1], [1, 0.75], [0, 0.2]]);
  }
  return path;
}

const channels = (color: string) => [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16));

/** A class's color, mixed with the paper by how sure the network is. */
export function mixed(of: number, sure: number, paper: readonly number[]): number[] {
  return channels(CLASS_COLORS[of % CLASS_COLORS.length]).map((c, i) => paper[i] + (c - paper[i]) * sure);
}
