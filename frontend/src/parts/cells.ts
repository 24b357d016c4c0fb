// Names of the numbers of a network, by which the picture, the tables and the formulas point at each other.
// Layers and neurons count from 1, as people read them.

import type { Floats, LabView, LayerView, Reference } from "../protocol";

export type Quantity = Reference["quantity"];

/** A number of the step, or with `k` one of a weight; `example` says of which, and is null for the batch's. */
export type Place = Reference;

export function place(quantity: Quantity, layer: number, neuron: number, k: number | null = null): Place {
  return { quantity, layer, neuron, k, example: null };
}

/** What two places that mean the same number share, whatever the example. */
export const keyOf = (at: Place): string => `${at.quantity}.${at.layer}.${at.neuron}${at.k === null ? "" : `.${at.k}`}`;

const LETTERS: Record<Quantity, string> = {
  x: "x",
  w: "w",
  b: "b",
  z: "z",
  a: "a",
  sigma_prime: "σ′",
  nabla_a: "∂C/∂a",
  delta: "δ",
  nabla_b: "∂C/∂b",
  nabla_w: "∂C/∂w",
  b_new: "new b",
  w_new: "new w",
  y: "y",
  cost: "C",
};
export const letter = (quantity: Quantity): string => LETTERS[quantity];

const WORDS: Partial<Record<Quantity, string>> = {
  x: "input",
  w: "weight",
  b: "bias",
  a: "activation a",
  z: "weighted input z",
  sigma_prime: "slope σ′",
  delta: "error δ",
  nabla_a: "derivative by a",
  nabla_w: "gradient of the weight",
  nabla_b: "gradient of the bias",
  w_new: "new weight",
  b_new: "new bias",
  y: "target y",
};

/** `weight from neuron 2 of layer 1 to neuron 1 of layer 2`, as it is read aloud. */
export function wordsOf({ quantity, layer, neuron, k }: Place): string {
  if (quantity === "cost") return "the cost";
  const what = WORDS[quantity] ?? quantity;
  if (k === null) return `${what} of neuron ${neuron} of layer ${layer}`;
  return `${what} from neuron ${k} of layer ${layer - 1} to neuron ${neuron} of layer ${layer}`;
}

/** `a²₁`, `w²₁₂`, `w²₁,₁₂`. */
export function symbol(name: string, layer: number, ...indices: number[]): string {
  const low = (n: number) => String(n).replace(/\d/g, (d) => "₀₁₂₃₄₅₆₇₈₉"[Number(d)]);
  if (name === "x") return name + indices.map(low).join("");
  const high = String(layer).replace(/\d/g, (d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(d)]);
  return name + high + indices.map(low).join(indices.some((n) => n > 9) ? "," : "");
}

/** What can be asked of a neuron, or of a weight, in the order of the algorithm: softmax has no σ′, and so on. */
export function quantitiesOf(at: Place, view: LabView): Quantity[] {
  const last = view.network.sizes.length;
  const all = ((): Quantity[] => {
    if (at.quantity === "cost" || at.quantity === "y") return ["cost"];
    if (at.layer === 1) return ["x"];
    if (at.k !== null) return ["w", "nabla_w", "w_new"];
    const cost: Quantity[] = at.layer === last ? ["cost"] : [];
    return ["z", "a", ...cost, "nabla_a", "sigma_prime", "delta", "b", "nabla_b", "b_new"];
  })();
  return all.filter((quantity) => {
    const each = { ...at, quantity };
    return valueOf(view, each) !== null && !isHidden(view, each);
  });
}

const OF_LAYER: Partial<Record<Quantity, (layer: LayerView) => Floats | null>> = {
  b: (layer) => layer.b,
  z: (layer) => layer.z,
  a: (layer) => layer.a,
  sigma_prime: (layer) => layer.sigma_prime,
  nabla_a: (layer) => layer.nabla_a,
  delta: (layer) => layer.delta,
  nabla_b: (layer) => layer.nabla_b,
  b_new: (layer) => layer.b_after,
  w: (layer) => layer.w,
  nabla_w: (layer) => layer.nabla_w,
  w_new: (layer) => layer.w_after,
};

/** A number of the view that Python sent; null where it has none. */
export function valueOf(view: LabView, at: Place): number | null {
  const trace = view.trace;
  if (!trace) return null;
  if (at.quantity === "cost") return trace.cost;
  if (at.quantity === "y") return trace.y ? trace.y.values[at.neuron - 1] : null;
  if (at.layer === 1) return trace.x.values[at.neuron - 1];
  const layer = trace.layers[at.layer - 2];
  const values = OF_LAYER[at.quantity]?.(layer);
  if (!values) return null;
  if (at.k === null) return values.values[at.neuron - 1];
  // weights are sent between those neurons only that are shown
  const row = layer.shown.indexOf(at.neuron);
  const column = shownOf(view, at.layer - 1).indexOf(at.k);
  return row < 0 || column < 0 ? null : values.values[row * values.shape[1] + column];
}

/** Whether an exercise hides a number: it comes as NaN then. */
export function isHidden(view: LabView, at: Place): boolean {
  const { exercise } = view;
  if (!exercise || exercise.cells.every(({ state }) => state === "right" || state === "shown")) return false;
  return Number.isNaN(valueOf(view, at));
}

/** The neurons of a layer that are shown, from 1. */
export function shownOf(view: LabView, layer: number): number[] {
  if (!view.trace || layer < 1) return [];
  return layer === 1 ? view.trace.shown_inputs : view.trace.layers[layer - 2].shown;
}
