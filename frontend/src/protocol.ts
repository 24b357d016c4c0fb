// Generated from src/backlit/lab/talk/protocol.py by `python -m backlit.lab.talk.typescript`. Do not edit.

/** Numbers of any number of axes, in row-major order. */
export interface Floats {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/**
 * Begin: what can be chosen, and what is in view.
 */
export type Open = Record<string, never>;

/**
 * Give what is in view once more.
 */
export type Look = Record<string, never>;

/**
 * Take a built-in set, with a network that suits it.
 */
export interface ChooseData {
  name: string;
}

/**
 * Take the table that was uploaded last, and predict this column. `ignored` columns are no inputs.
 */
export interface UseTable {
  target: string;
  task?: "classification" | "regression" | null;
  ignored?: string[];
}

/**
 * Take a network typed in by hand, with its examples: the document of `backlit explain --network`.
 *
 * Keys ``sizes``, ``weights`` (``w[j][k]``), ``biases``, ``activation`` (a name, or one a layer), ``loss``, ``x``,
 * ``y``, ``learning_rate``.
 */
export interface EnterHomework {
  document: Record<string, unknown>;
}

/**
 * Open the text of a file or of a link's ``state=``: a lab, a sheet of exercises, an exercise or an explanation.
 */
export interface OpenDocument {
  text: string;
}

/**
 * Begin anew with a network of these hidden layers; inputs and outputs follow from the data.
 */
export interface SetNetwork {
  hidden: number[];
  activations: string[];
  output_activation: string;
  loss: string;
  seed: number;
  initialization?: string | null;
}

/**
 * Change how the network is trained. Steps by hand are the lecture's plain descent with the same rate.
 */
export interface SetTraining {
  solver: string;
  learning_rate: number;
  batch_size: number | null;
  l2?: number;
}

/**
 * Choose the batch of a step (rows from 1, at most `Choices.most_examples`), and which of them is in view.
 */
export interface Choose {
  rows: number[];
  example?: number;
}

/**
 * Choose the neurons of a layer (1 is the input) that the picture shows; none: those with the largest |δ|.
 */
export interface Show {
  layer: number;
  neurons?: number[];
}

/**
 * Take steps of gradient descent on the batch in view.
 */
export interface Step {
  count?: number;
}

/**
 * Go back or forward to a position of the history, exactly as it was.
 */
export interface GoTo {
  position: number;
}

/**
 * Go back to the start and forget what came after; with a seed, begin with the network of that seed.
 */
export interface Reset {
  seed?: number | null;
}

/**
 * Set a weight, or without `k` a bias.
 */
export interface Edit {
  layer: number;
  neuron: number;
  value: number;
  k?: number | null;
}

/**
 * Train until `Pause`: so many epochs a second (0 as fast as it goes), so many epochs in all at most.
 */
export interface Play {
  speed?: number;
  epochs?: number | null;
}

/**
 * Stop playing after the epoch that is under way.
 */
export type Pause = Record<string, never>;

/**
 * One number of the step: a quantity of a neuron, or with `k` of the weight from neuron k of the layer before.
 *
 * `example` counts within the batch in view; None where a number belongs to the batch (w, b, their gradients).
 */
export interface Reference {
  quantity: "x" | "w" | "b" | "z" | "a" | "sigma_prime" | "nabla_a" | "delta" | "nabla_b" | "nabla_w" | "b_new" | "w_new" | "y" | "cost";
  layer: number;
  neuron: number;
  k: number | null;
  example: number | null;
}

/**
 * Hide cells of the step in view: one of `Choices.exercises`, or these.
 */
export interface StartExercise {
  kind: string;
  places?: Reference[];
  title?: string;
}

/**
 * Give an answer to a hidden cell, as it was typed.
 */
export interface Answer {
  place: Reference;
  text: string;
}

/**
 * Show a hidden cell, or all.
 */
export interface Reveal {
  place?: Reference | null;
}

/**
 * Go to another exercise of the sheet, counted from 1.
 */
export interface TurnTo {
  number: number;
}

/**
 * Put the exercise in view on the sheet that is being made.
 */
export interface AddToSheet {
  title?: string;
}

/**
 * Leave the exercise or the sheet.
 */
export type EndExercise = Record<string, never>;

/**
 * Ask how a number comes about. `terms` of a sum are shown, the largest; None shows all.
 */
export interface Explain {
  place: Reference;
  terms?: number | null;
  digits?: number;
}

/**
 * Let the demon push at a neuron: Δz, then halved nine times. With `batch`, on all examples of the batch.
 */
export interface AskDemon {
  layer: number;
  neuron: number;
  dz?: number;
  batch?: boolean;
}

/**
 * Ask where the demon would push.
 */
export interface RankNeurons {
  batch?: boolean;
}

/**
 * Ask for the cost of the batch in view along a weight, or without `k` a bias, so far to both sides.
 */
export interface SliceCost {
  layer: number;
  neuron: number;
  k?: number | null;
  reach?: number;
}

/**
 * Ask for pictures of how the network does, once or (`SetPictures`) with every frame.
 */
export interface Pictures {
  curves?: boolean;
  boundary?: boolean;
  confusion?: boolean;
  histograms?: boolean;
  flags?: boolean;
  horizontal?: number;
  vertical?: number;
  resolution?: number;
}

/**
 * Say which pictures come with every frame.
 */
export interface SetPictures {
  curves?: boolean;
  boundary?: boolean;
  confusion?: boolean;
  histograms?: boolean;
  flags?: boolean;
  horizontal?: number;
  vertical?: number;
  resolution?: number;
}

/**
 * Ask for a file: one of `Choices.exports`.
 */
export interface TakeAway {
  kind: string;
  digits?: number;
  title?: string;
}

/**
 * Something to choose, with words for it.
 */
export interface Named {
  name: string;
  words: string;
}

/**
 * A loss, and the output activations that it goes with.
 */
export interface LossChoice {
  name: string;
  activations: string[];
}

/**
 * What there is to choose from, and how large things may be.
 */
export interface Choices {
  data: Named[];
  activations: string[];
  losses: LossChoice[];
  solvers: string[];
  initializations: string[];
  exports: Named[];
  exercises: Named[];
  most_bytes: number;
  most_rows: number;
  most_columns: number;
  most_layers: number;
  most_neurons: number;
  most_parameters: number;
  most_examples: number;
  most_shown: number;
  version: string;
}

/**
 * A column of the table: what it was taken for, its part, and what is done with it in words.
 */
export interface ColumnView {
  name: string;
  kind: string;
  role: "input" | "target" | "ignored";
  operation: string;
}

/**
 * The data: the table as it came (its first rows), and the same rows as the network sees them.
 *
 * Of a wide table `columns` and `rows` hold the first columns and the target, `encoded` the first inputs.
 */
export interface DataView {
  name: string;
  title: string;
  source: "built-in" | "file" | "homework" | "model";
  task: "classification" | "regression";
  n_rows: number;
  n_training: number;
  n_validation: number;
  n_columns: number;
  columns: ColumnView[];
  features: string[];
  outputs: string[];
  rows: string[][];
  encoded: Floats;
  targets: Floats;
  remarks: string[];
}

/**
 * The network: sizes from the input layer on, σ of layers 2 to L. Without `initialization` weights were given.
 */
export interface NetworkView {
  sizes: number[];
  activations: string[];
  loss: string;
  initialization: string | null;
  seed: number;
  n_parameters: number;
}

/**
 * How the network is trained; a batch size of None is `backlit`'s own choice.
 */
export interface TrainingView {
  solver: string;
  learning_rate: number;
  batch_size: number | null;
  l2: number;
}

/**
 * What was done, so many times in a row: ``step``, ``edit`` or ``epoch``, with words for it.
 */
export interface Move {
  kind: "step" | "edit" | "epoch";
  count: number;
  words: string;
}

/**
 * Where in its history the lab stands: `position` of `length` moves; those after it can be redone.
 */
export interface TimeView {
  position: number;
  length: number;
  epoch: number;
  playing: boolean;
  moves: Move[];
}

/**
 * How one input came from the table.
 */
export interface FeatureView {
  name: string;
  column: string;
  raw_value: string;
  operation: string;
  value: number;
}

/**
 * One layer of the step, l ≥ 2, for the example in view. z, a, b, δ and the like are of all neurons, ``(n_l,)``.
 *
 * `w`, `nabla_w`, `own_nabla_w` and `w_after` are of the weights between neurons that are shown:
 * ``(len(shown), len(shown of the layer before))``. `shown` says which (`Show` chooses); all, where they are few.
 * Without a target y all from `nabla_a` on is None. `sigma_prime` is None where σ couples the neurons (softmax).
 * `nabla_w` and `nabla_b` are the batch's; `own_nabla_w` is the example's, as δ is. A hidden cell is NaN.
 */
export interface LayerView {
  layer: number;
  activation: string;
  z: Floats;
  a: Floats;
  w: Floats;
  b: Floats;
  sigma_prime: Floats | null;
  nabla_a: Floats | null;
  delta: Floats | null;
  short_cut: boolean;
  nabla_w: Floats | null;
  own_nabla_w: Floats | null;
  nabla_b: Floats | null;
  w_after: Floats | null;
  b_after: Floats | null;
  shown: number[];
}

/**
 * One part of the step: what lights up together, and the equation of the lecture in MathML with what it says.
 *
 * `key` is one of ``input``, ``forward``, ``cost``, ``BP1``, ``BP2``, ``gradients`` (BP3 and BP4) and ``update``.
 */
export interface Phase {
  key: "input" | "forward" | "cost" | "BP1" | "BP2" | "gradients" | "update";
  layer: number;
  title: string;
  equation: string[];
  meaning: string;
  quantities: ("x" | "w" | "b" | "z" | "a" | "sigma_prime" | "nabla_a" | "delta" | "nabla_b" | "nabla_w" | "b_new" | "w_new" | "y" | "cost")[];
}

/**
 * The step in view: a batch, one of its examples in full, and the phases in which it is worked through.
 *
 * `rows` are the batch's rows in the data; `example` is the one in view, counted within the batch. `features` are of
 * the inputs that are shown.
 */
export interface TraceView {
  rows: number[];
  names: string[];
  example: number;
  learning_rate: number;
  cost: number | null;
  cost_after: number | null;
  costs: Floats;
  example_cost: number | null;
  cost_summands: Floats | null;
  x: Floats;
  shown_inputs: number[];
  y: Floats | null;
  features: FeatureView[];
  layers: LayerView[];
  phases: Phase[];
}

/**
 * A hidden cell of an exercise, and how it stands. `words` say what is wrong, or that it is right.
 */
export interface CellView {
  place: Reference;
  symbol: string;
  state: "open" | "right" | "wrong" | "shown";
  answer: string;
  words: string;
}

/**
 * The exercise that is being worked on; `number` of `of` on the sheet.
 */
export interface ExerciseView {
  title: string;
  text: string;
  number: number;
  of: number;
  cells: CellView[];
  n_right: number;
}

/**
 * Everything in view. Every command that changes the lab answers with it; `notes` are remarks for the user.
 *
 * `trace` is None where there is nothing to show, and `trouble` then says why (a value is not finite).
 */
export interface LabView {
  data: DataView;
  network: NetworkView;
  training: TrainingView;
  time: TimeView;
  trace: TraceView | null;
  trouble: string;
  exercise: ExerciseView | null;
  notes: string[];
}

/**
 * A file that came: a table waits for `UseTable`, all else is opened already (`view`).
 */
export interface UploadView {
  name: string;
  kind: "table" | "opened";
  n_rows: number;
  columns: ColumnView[];
  rows: string[][];
  suggested_target: string;
  view: LabView | null;
}

/**
 * The lab that was opened: what can be chosen, what is in view, and a table that waits for its target.
 */
export interface Opened {
  choices: Choices;
  view: LabView;
  waiting: UploadView | null;
}

/**
 * ``left = part = part``; each part is a list of MathML texts between which a line may be broken.
 */
export interface FormulaRow {
  left: string;
  parts: string[][];
}

/**
 * A number that goes into a summand, as it is printed, and where it comes from; `place` None for μ and 1/n.
 */
export interface Factor {
  place: Reference | null;
  symbol: string;
  value: number;
  printed: string;
}

/**
 * One term of a sum: its symbols and its numbers as MathML, and its factors, whose printed values multiply to it.
 *
 * Both MathML texts begin with the sign before the summand. `count` is more than 1 for the one summand that
 * stands for all terms not shown; it has no factors, and its printed value is their total.
 */
export interface Summand {
  symbols: string;
  numbers: string;
  value: number;
  printed: string;
  factors: Factor[];
  count: number;
}

/**
 * Whether the sum of what is printed is what is printed, within what rounding the printed digits may do.
 *
 * `summed` is the exact sum of the printed summands times the printed factor behind the sum (`times`, where there is
 * one), `shown` the printed result and `slack` how far rounding may carry them apart; all three are decimal texts.
 */
export interface Agreement {
  agrees: boolean;
  summed: string;
  shown: string;
  slack: string;
  sentence: string;
}

/**
 * The derivative beside a difference quotient of the cost, and how exact that is.
 */
export interface DifferenceCheck {
  analytic: number;
  numeric: number;
  numeric_error: number;
  verdict: "agrees" | "differs" | "kink" | "unclear";
  sentence: string;
}

/**
 * How one number comes about.
 *
 * `symbol` and `spoken` are its name as MathML and in words; `law` is the lecture's equation, called `law_name`, and
 * `meaning` what it says; `rows` are the equation with the numbers put in. A sum has `summands`; their total, times
 * `times` where that is not None, is `value`. `goes_into` are numbers that are made of this one.
 */
export interface FormulaView {
  place: Reference;
  symbol: string;
  spoken: string;
  law_name: string;
  law: string;
  meaning: string;
  rows: FormulaRow[];
  summands: Summand[];
  times: Factor | null;
  value: number;
  printed: string;
  agreement: Agreement | null;
  check: DifferenceCheck | null;
  origin: string;
  goes_into: Reference[];
}

/**
 * The demon at one neuron: his halving table, C(z + Δz) with its tangent, and the move he was asked for.
 *
 * Arrays ``(n_moves,)``: `dz`, `change`, `predicted`, `remainder`, `ratio` (NaN where there is none), `lost` (1 where
 * the remainder is lost in rounding), and `kinks`, empty texts where none is crossed. `curve_dz` and `curve_cost` draw
 * C, and `tangent` is ``cost + delta · Δz``. The first move is the one he was asked for.
 */
export interface DemonView {
  layer: number;
  neuron: number;
  activation: string;
  n_examples: number;
  z: number;
  cost: number;
  delta: number;
  dz: Floats;
  change: Floats;
  predicted: Floats;
  remainder: Floats;
  ratio: Floats;
  lost: Floats;
  kinks: string[];
  curve_dz: Floats;
  curve_cost: Floats;
  tangent: Floats;
  conclusion: string;
  spoken: string;
}

/**
 * A neuron as the demon sees it.
 */
export interface DemonPlaceView {
  layer: number;
  neuron: number;
  delta: number;
  verdict: string;
}

/**
 * Where would the demon push? The largest |δ| first.
 */
export interface RankingView {
  title: string;
  places: DemonPlaceView[];
}

/**
 * The cost along one weight or bias, all others as they are, with the tangent whose slope is its gradient.
 */
export interface SliceView {
  place: Reference;
  value: number;
  cost: number;
  slope: number;
  values: Floats;
  costs: Floats;
  tangent: Floats;
}

/**
 * Cost after each epoch; the arrays for validation are empty where no rows are held out.
 */
export interface CurvesView {
  epochs: Floats;
  cost: Floats;
  validation_cost: Floats;
  validation_metric: Floats;
  metric: string;
}

/**
 * What the network says over two inputs, all others at the values of the example in view.
 *
 * `horizontal` and `vertical` are the inputs' numbers from 1; `outputs` is ``(n_vertical, n_horizontal, n_out)``.
 * `points` are rows of the data ``(n_points, 3)``: both inputs, and the class from 0 or the target.
 */
export interface BoundaryView {
  horizontal: number;
  vertical: number;
  names: string[];
  x: Floats;
  y: Floats;
  outputs: Floats;
  points: Floats;
}

/**
 * For one input and a number to predict: the network's curve beside the data, ``(n, 2)`` each.
 */
export interface FitView {
  curve: Floats;
  points: Floats;
}

/**
 * Rows are the true classes, columns what the network says: `counts` ``(n_classes, n_classes)``.
 */
export interface ConfusionView {
  labels: string[];
  counts: Floats;
  accuracy: number;
  rows: "training" | "validation";
}

/**
 * Of a layer's a, δ, or of one step's changes of its weights: `edges` has one entry more than `counts`.
 */
export interface Histogram {
  layer: number;
  quantity: "a" | "delta" | "update";
  edges: Floats;
  counts: Floats;
}

/**
 * What `diagnose` found; `layer` 0 concerns the whole network.
 */
export interface Flag {
  kind: string;
  layer: number;
  what: string;
  try_this: string;
}

/**
 * Shares of a layer's neurons, from 0 to 1, and the sizes of its δ and w.
 */
export interface LayerHealthView {
  layer: number;
  dead: number;
  saturated: number;
  delta: number;
  weight: number;
}

/**
 * The pictures that were asked for; the others are None.
 */
export interface PicturesView {
  curves: CurvesView | null;
  boundary: BoundaryView | null;
  fit: FitView | null;
  confusion: ConfusionView | null;
  histograms: Histogram[];
  flags: Flag[];
  health: LayerHealthView[];
}

/**
 * A file to take away: its text, or where it is no text its bytes in base64 (`content` is then empty).
 */
export interface Export {
  name: string;
  media_type: string;
  content: string;
  base64: string;
}

/**
 * Pushed while training plays, at most 20 a second.
 *
 * Attributes as of the newest epoch; `epochs_per_second` since the last frame. `ended` says why playing ended, and is
 * empty as long as it goes on. Where a view needs the step itself, ask for it with `Look` after playing has ended.
 */
export interface Frame {
  epoch: number;
  position: number;
  cost: number;
  validation_cost: number | null;
  validation_metric: number | null;
  epochs_per_second: number;
  pictures: PicturesView;
  ended: string;
}

/** Every command, what it takes and what it is answered with. */
export interface Commands {
  Open: { arguments: Open; reply: Opened };
  Look: { arguments: Look; reply: LabView };
  ChooseData: { arguments: ChooseData; reply: LabView };
  UseTable: { arguments: UseTable; reply: LabView };
  EnterHomework: { arguments: EnterHomework; reply: LabView };
  OpenDocument: { arguments: OpenDocument; reply: LabView };
  SetNetwork: { arguments: SetNetwork; reply: LabView };
  SetTraining: { arguments: SetTraining; reply: LabView };
  Choose: { arguments: Choose; reply: LabView };
  Show: { arguments: Show; reply: LabView };
  Step: { arguments: Step; reply: LabView };
  GoTo: { arguments: GoTo; reply: LabView };
  Reset: { arguments: Reset; reply: LabView };
  Edit: { arguments: Edit; reply: LabView };
  Play: { arguments: Play; reply: LabView };
  Pause: { arguments: Pause; reply: LabView };
  StartExercise: { arguments: StartExercise; reply: LabView };
  Answer: { arguments: Answer; reply: LabView };
  Reveal: { arguments: Reveal; reply: LabView };
  TurnTo: { arguments: TurnTo; reply: LabView };
  AddToSheet: { arguments: AddToSheet; reply: LabView };
  EndExercise: { arguments: EndExercise; reply: LabView };
  Explain: { arguments: Explain; reply: FormulaView };
  AskDemon: { arguments: AskDemon; reply: DemonView };
  RankNeurons: { arguments: RankNeurons; reply: RankingView };
  SliceCost: { arguments: SliceCost; reply: SliceView };
  Pictures: { arguments: Pictures; reply: PicturesView };
  SetPictures: { arguments: SetPictures; reply: PicturesView };
  TakeAway: { arguments: TakeAway; reply: Export };
}

/** What comes without being asked for. */
export interface Events {
  Frame: Frame;
}
