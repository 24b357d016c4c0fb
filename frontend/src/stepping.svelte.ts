// Where the reader stands in a step: its phase, the number that is worked out, and which neurons of wide layers show.

import { place, quantitiesOf, shownOf, type Place, type Quantity } from "./parts/cells";
import type { FormulaView, LabView, Phase } from "./protocol";
import type { Lab } from "./store.svelte";

const WINDOW = 10;

/** What is worked out first in each phase. */
const FIRST: Record<Phase["key"], Quantity> = {
  input: "x",
  forward: "z",
  cost: "cost",
  BP1: "delta",
  BP2: "delta",
  gradients: "nabla_w",
  update: "w_new",
};

export class Stepping {
  at = $state(0);
  selected = $state.raw<Place | null>(null);
  formula = $state.raw<FormulaView | null>(null);
  /** Wide layers of which a window shows, rather than the neurons with the largest |δ|. */
  readonly windowed = $state<Record<number, boolean>>({});
  private asked = 0;
  private sizes = "";

  constructor(readonly lab: Lab) {}

  get phases(): Phase[] {
    return this.lab.view?.trace?.phases ?? [];
  }

  readonly index = $derived.by(() => Math.min(this.at, Math.max(0, this.phases.length - 1)));
  readonly phase = $derived.by((): Phase | null => this.phases[this.index] ?? null);

  /** Numbers, from 1, of the neurons of a layer that are drawn. */
  shown(layer: number): number[] {
    return this.lab.view ? shownOf(this.lab.view, layer) : [];
  }

  /** Show a window of a wide layer that begins at this neuron. */
  async look(layer: number, first: number): Promise<void> {
    const total = this.lab.view!.network.sizes[layer - 1];
    const begin = Math.min(Math.max(1, first), Math.max(1, total - WINDOW + 1));
    const neurons = range(begin, Math.min(total, begin + WINDOW - 1));
    if (await this.lab.change("Show", { layer, neurons })) {
      this.windowed[layer] = true;
      this.lab.say(`Neurons ${neurons[0]} to ${neurons[neurons.length - 1]} of layer ${layer} are shown.`);
    }
  }

  async lookAtLargest(layer: number): Promise<void> {
    if (await this.lab.change("Show", { layer })) this.windowed[layer] = false;
  }

  select(chosen: Place): void {
    // the cost is of no neuron
    const at = chosen.quantity === "cost" ? { ...chosen, neuron: 0, k: null } : chosen;
    this.selected = at;
    void this.show(at);
  }

  private async show(at: Place): Promise<void> {
    const trace = this.lab.view?.trace;
    const other = at.example !== null && at.quantity !== "cost" && at.example !== trace?.example;
    if (trace && other && trace.rows.length >= at.example!) {
      // a number of another example of the batch: that example comes into view, and with it the number
      await this.lab.change("Choose", { rows: trace.rows, example: at.example! });
    } else {
      await this.explain();
    }
    await this.reach(at);
  }

  /** Have the neurons shown that a number belongs to, where it was reached from a formula or a table. */
  private async reach(at: Place): Promise<void> {
    for (const [layer, neuron] of [[at.layer, at.neuron], [at.layer - 1, at.k]] as [number, number | null][]) {
      const shown = this.shown(layer);
      if (!neuron || !shown.length || shown.includes(neuron)) continue;
      if (this.windowed[layer]) await this.look(layer, neuron - WINDOW / 2);
      else await this.lab.change("Show", { layer, neurons: [...shown.slice(0, -1), neuron].sort((a, b) => a - b) });
    }
  }

  /** Ask for another number of the same neuron or weight. */
  turn(quantity: Quantity): void {
    if (this.selected) this.select({ ...this.selected, quantity });
  }

  /** Work the selected number out once more, as after an edit. */
  async explain(all = false): Promise<void> {
    const at = this.selected;
    const trace = this.lab.view?.trace;
    if (!at || !trace) {
      this.formula = null;
      return;
    }
    const asked = ++this.asked;
    const ofBatch = ["w", "b", "nabla_w", "nabla_b", "w_new", "b_new"].includes(at.quantity);
    const example = ofBatch ? null : at.quantity === "cost" ? at.example : trace.example;
    const formula = await this.lab.ask("Explain", { place: { ...at, example }, ...(all ? { terms: null } : {}) });
    if (asked === this.asked) this.formula = formula;
  }

  async to(index: number): Promise<void> {
    this.at = index;
    this.follow();
    const phase = this.phase;
    if (phase) this.lab.say(`${phase.title}. ${phase.meaning}`);
  }

  /** One phase on; behind the last of them the step is taken, and the next begins. */
  async next(): Promise<void> {
    if (this.index < this.phases.length - 1) return this.to(this.index + 1);
    if (this.lab.transport.recorded) {
      const time = this.lab.view!.time;
      if (time.position >= time.length || !(await this.lab.change("GoTo", { position: time.position + 1 }))) return;
    } else if (!(await this.lab.change("Step", {}))) return;
    await this.to(0);
  }

  async back(): Promise<void> {
    if (this.index > 0) return this.to(this.index - 1);
    const position = this.lab.view!.time.position;
    if (position > 0 && (await this.lab.change("GoTo", { position: position - 1 }))) {
      await this.to(this.phases.length - 1);
    }
  }

  /** Select what the phase works out: of the same neuron where it has one, else of the first. */
  follow(): void {
    const { phase, lab } = this;
    if (!phase || !lab.view) return;
    const quantity = FIRST[phase.key];
    const was = this.selected;
    const ofWeight = quantity === "nabla_w" || quantity === "w_new";
    const same = was !== null && was.neuron > 0 && (was.layer === phase.layer || (ofWeight && was.layer > 1));
    const layer = same ? was.layer : phase.layer;
    const neuron = same ? was.neuron : (this.shown(layer)[0] ?? 1);
    const k = ofWeight ? ((same ? was.k : null) ?? this.shown(layer - 1)[0] ?? 1) : null;
    this.select(place(quantity, layer, neuron, k));
  }

  /** The selected place after the network itself has changed. */
  settle(view: LabView): void {
    if (view.time.playing) return;
    const sizes = view.network.sizes;
    if (String(sizes) !== this.sizes) this.selected = null;
    this.sizes = String(sizes);
    if (!this.selected && view.trace) {
      // the first picture shows something at work
      const first = view.trace.phases.findIndex(({ key }) => key === "forward");
      this.at = Math.max(0, first);
    }
    const at = this.selected;
    const stands =
      at &&
      at.layer <= sizes.length &&
      at.neuron <= sizes[at.layer - 1] &&
      (at.k === null || at.k <= sizes[at.layer - 2]) &&
      (at.quantity === "cost" || at.quantity === "y" || at.quantity === "b" || at.quantity === "w" || quantitiesOf(at, view).includes(at.quantity));
    if (stands) void this.explain();
    else this.follow();
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
