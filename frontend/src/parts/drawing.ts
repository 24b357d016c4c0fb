// Where everything in the picture of a network stands. Pure geometry: numbers and names come from the view.

import type { Quantity } from "./cells";

/** One layer as it is drawn: `shown` are the numbers of its neurons, from 1, and the other lists run along with it. */
export interface DrawnLayer {
  layer: number;
  total: number;
  shown: number[];
  /** What stands in each circle, NaN included; null where it is not known yet. */
  values: (number | null)[];
  quantity: Quantity;
  names: string[] | null;
  /** Biases of the shown neurons, or their gradients; null for the input. */
  biases: (number | null)[] | null;
  biasQuantity: Quantity;
}

/** Lines into a layer: row j, column k leads from the k-th shown neuron before to the j-th shown; null draws none. */
export interface DrawnEdges {
  layer: number;
  values: (number | null)[][];
  quantity: Quantity;
}

export interface Drawing {
  layers: DrawnLayer[];
  edges: DrawnEdges[];
  /** y of the output neurons that are shown. */
  targets: (number | null)[] | null;
}

export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  width: number;
  height: number;
  radius: number;
  places: Point[][];
  /** Where "+ 88 more" stands below a wide layer. */
  more: (Point | null)[];
  /** Whether there is no room beside the inputs, and their names stand above them. */
  narrow: boolean;
  /** Whether there are so many lines that everything about them has to be small. */
  dense: boolean;
}

/** Place the neurons in columns that use the width there is; `em` is the size of a letter in pixels. */
export function layout(drawing: Drawing, width: number, em: number): Layout {
  const columns = drawing.layers.length;
  const narrow = width < 34 * em;
  const most = Math.max(...drawing.layers.map((layer) => layer.shown.length));
  const widest = (narrow ? 1.7 : 2.15) - (most > 8 ? 0.25 : 0);
  const radius = em * Math.min(widest, Math.max(1.3, (width / em / columns - 1.2) / 2.6));
  const gap = 2 * radius + em * (most > 8 ? 1.9 : most > 4 ? 2.2 : narrow ? 2.4 : most > 2 ? 2.8 : 4);
  const longest = (i: number) =>
    Math.max(0, ...(drawing.layers[i].names ?? []).flatMap((name) => linesOf(name, narrow, i > 0)).map((line) => line.length));
  const [first, last] = [LETTER * em * longest(0), LETTER * em * longest(columns - 1)];
  const left = narrow ? Math.max(radius + 0.9 * em, first / 2) : radius + 0.9 * em + first;
  const right = radius + Math.max(last + 0.9 * em, drawing.targets ? (narrow ? 3.6 : 5) * em : em);
  const top = radius * 1.7;
  const wide = drawing.layers.some((layer) => layer.shown.length < layer.total);
  const height = top + (most - 1) * gap + Math.max(radius * 1.7, radius + (wide ? 3.4 : 2) * em);
  const step = columns > 1 ? (width - left - right) / (columns - 1) : 0;
  const places = drawing.layers.map((layer, i) => {
    const above = ((most - layer.shown.length) * gap) / 2;
    return layer.shown.map((_, j) => ({ x: left + i * step, y: top + above + j * gap }));
  });
  const more = drawing.layers.map((layer, i) => {
    if (layer.shown.length === layer.total) return null;
    const last = places[i][places[i].length - 1];
    return { x: last.x, y: last.y + radius + 2.5 * em };
  });
  return { width, height, radius, places, more, narrow, dense: drawing.edges.some(({ values }) => values.length * values[0].length > DENSE) };
}

/** The width of a letter of a name, in em. */
const LETTER = 0.5;

/** A name as it stands in the picture: on one line or two; what is still too long ends in dots. */
export function linesOf(name: string, narrow: boolean, right: boolean): string[] {
  const letters = !narrow ? 15 : right ? 7 : 13;
  if (name.length <= letters) return [name];
  if (narrow) return [`${name.slice(0, letters - 1)}…`];
  const cut = Math.max(...[" ", "_", "-", "."].map((mark) => name.lastIndexOf(mark, letters - 1))) + 1 || letters;
  const rest = name.slice(cut).trim();
  return [name.slice(0, cut).trim(), rest.length > letters ? `${rest.slice(0, letters - 1)}…` : rest];
}

/** Lines between two layers from which on they are drawn thin. */
const DENSE = 30;

/** How thick a line is: 1 to 5 pixels, by its share of the largest in its layer; half of that where they are many. */
export function thickness(value: number, largest: number, dense: boolean): number {
  const share = Number.isFinite(value) && largest > 0 ? Math.min(1, Math.abs(value) / largest) : 0;
  return dense ? 0.5 + 1.7 * share : 1 + 4 * share;
}

export function largestOf(values: (number | null)[][]): number {
  let largest = 0;
  for (const row of values) for (const value of row) largest = Math.max(largest, Math.abs(value ?? 0) || 0);
  return largest;
}

/** The sign of a number as its form: full and solid, hollow and dashed, or neither. */
export function form(value: number | null): "plus" | "minus" | "zero" | "unknown" {
  if (value === null) return "unknown";
  return value > 0 ? "plus" : value < 0 ? "minus" : value === 0 ? "zero" : "unknown";
}
