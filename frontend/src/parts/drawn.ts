// From what Python sent to what is drawn and lit in a phase of the step. Numbers appear as the step arrives at them.

import type { LabView, Phase } from "../protocol";
import { isHidden, place, valueOf, type Quantity } from "./cells";
import type { Drawing } from "./drawing";

interface Progress {
  /** Which phase stands now, and which phases are behind. */
  index: number;
  phases: Phase[];
  /** What the circles show. */
  backward: boolean;
}

/** Whether the step has come to a neuron's δ, and so on; all is known in the last phase. */
function arrived({ index, phases }: Progress, key: string, layer: number): boolean {
  return phases.some((phase, i) => i <= index && phase.key === key && (phase.layer === layer || phase.layer === 0));
}

/** What is drawn: activations on the way forward, errors on the way back, gradients and the new numbers behind them. */
export function drawingOf(
  view: LabView,
  progress: Progress,
  shown: (layer: number) => number[],
  quantity: Quantity | null = null,
): Drawing {
  const { sizes } = view.network;
  const last = sizes.length;
  const key = progress.phases[progress.index]?.key ?? "input";
  const after = key === "update";
  const gradients = key === "gradients";
  const names = { 1: view.data.features, [last]: view.data.outputs } as Record<number, string[]>;

  const known = (layer: number, of: Quantity): boolean => {
    if (layer === 1) return true;
    if (of === "delta") return arrived(progress, layer === last ? "BP1" : "BP2", layer);
    return arrived(progress, "forward", layer);
  };

  const layers = sizes.map((total, i) => {
    const layer = i + 1;
    const showing = shown(layer);
    const delta = progress.backward && layer > 1;
    const of: Quantity = quantity && layer > 1 ? quantity : layer === 1 ? "x" : delta ? "delta" : "a";
    const values = showing.map((neuron) => {
      const at = place(of, layer, neuron);
      return (quantity || known(layer, of)) && !isHidden(view, at) ? valueOf(view, at) : null;
    });
    const biasQuantity: Quantity = gradients ? "nabla_b" : after ? "b_new" : "b";
    const biases = showing.map((neuron) => {
      const at = place(biasQuantity, layer, neuron);
      return isHidden(view, at) ? null : valueOf(view, at);
    });
    const own = names[layer];
    return {
      layer,
      total,
      shown: showing,
      values,
      quantity: of,
      names: own?.length === total && tells(own, layer === last && view.data.task === "classification") ? showing.map((n) => own[n - 1]) : null,
      biases: layer === 1 ? null : biases,
      biasQuantity,
    };
  });

  const edgeQuantity: Quantity = gradients ? "nabla_w" : after ? "w_new" : "w";
  const edges = layers.slice(1).map((to, i) => ({
    layer: to.layer,
    quantity: edgeQuantity,
    values: to.shown.map((neuron) =>
      layers[i].shown.map((k) => {
        const at = place(edgeQuantity, to.layer, neuron, k);
        return isHidden(view, at) ? null : valueOf(view, at);
      }),
    ),
  }));
  const output = layers[last - 1];
  const targets = view.trace?.y ? output.shown.map((neuron) => valueOf(view, place("y", last, neuron))) : null;
  return { layers, edges, targets };
}

/** What the phase lights: neurons as `n.l.j`, lines as `w.l.j.k`, biases as `b.l.j`. */
export function litOf(drawing: Drawing, phase: Phase | null): Set<string> {
  const lit = new Set<string>();
  if (!phase) return lit;
  const last = drawing.layers.length;
  const { key } = phase;
  const all = key === "gradients" || key === "update";
  for (const layer of drawing.layers) {
    const here = layer.layer === phase.layer;
    const neurons = key === "input" ? layer.layer === 1 : key === "cost" ? layer.layer === last : here && !all;
    for (const neuron of layer.shown) {
      if (neurons) lit.add(`n.${layer.layer}.${neuron}`);
      if (layer.layer > 1 && (all || (here && key === "forward"))) lit.add(`b.${layer.layer}.${neuron}`);
    }
  }
  for (const edges of drawing.edges) {
    const into = all || (key === "forward" && edges.layer === phase.layer);
    // on the way back errors come through the weights that lead on
    const out = key === "BP2" && edges.layer === phase.layer + 1;
    if (!into && !out) continue;
    const [before, to] = [drawing.layers[edges.layer - 2], drawing.layers[edges.layer - 1]];
    for (const neuron of to.shown) for (const k of before.shown) lit.add(`w.${edges.layer}.${neuron}.${k}`);
  }
  return lit;
}

/** Whether names say more than the numbers of the neurons do. One output of two classes stands for neither. */
function tells(names: string[], classes: boolean): boolean {
  return names.some((name) => !/^[xy]?_?\d*$/.test(name) || classes) && !(classes && names.length === 1);
}
