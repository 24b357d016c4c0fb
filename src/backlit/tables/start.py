"""What the training of a table model begins with: encoder, target, examples and the first network."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backlit.core.activations import get_activation
from backlit.core.embedded import NOTHING, Embedded
from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.embedding import Embedding
from backlit.core.ensemble import Ensemble
from backlit.core.initialization import Purpose, stream
from backlit.core.losses import get_loss, loss_name
from backlit.core.network import Network
from backlit.core.shared_members import sharing_from
from backlit.data import check_target, check_target_name, infer_task
from backlit.data.class_weights import ClassWeights
from backlit.data.columns.decide import decide
from backlit.data.columns.gaps import blank_missing
from backlit.data.columns.left_out_rows import without_lines
from backlit.data.columns.schema import TableSchema
from backlit.data.encoding import TableEncoding
from backlit.data.features import Features
from backlit.data.frames import in_polars
from backlit.data.labels import smooth_labels
from backlit.data.meaning import choices_of
from backlit.data.number_plans import WHITE, PixelPlan
from backlit.engine.members import seed_of_member
from backlit.engine.protocol import Inputs
from backlit.engine.whole_bytes import WholeBytes
from backlit.errors import InvalidInputError
from backlit.tables.options import TableTraining
from backlit.tables.preset_lines import lines_without_bins, preset_lines
from backlit.tables.presets import WITH_BINS, TableFacts
from backlit.tables.rows import weights_of, without
from backlit.tables.table_target import TableTarget, Task, are_spelled, schema_of
from backlit.training.examples import Examples


@dataclass(frozen=True, eq=False)
class TableStart:
    """A table, made ready for training.

    Attributes
    ----------
    encoder : TableEncoding
    target : TableTarget
    examples : Examples
        All rows that have a target.
    network : Network or Ensemble
        As initialized.
    loss : str
    training : TableTraining
    """

    encoder: TableEncoding
    target: TableTarget
    examples: Examples
    network: Network | Ensemble
    loss: str
    training: TableTraining

    @classmethod
    def of(
        cls,
        table: Any,
        target: str,
        training: TableTraining,
        task: Task | None,
        say: Callable[[str], object],
        columns: Any = None,
        *,
        may_fold: bool = False,
    ) -> TableStart:
        """Learn the columns of a table; see `TableModel.train`, and for `may_fold` `TableFacts`."""
        frame = in_polars(table)
        raw = frame.table
        check_target_name(raw.columns, target)
        check_weight(raw.columns, target, training.weight)
        schema = decide(raw, choices_of(columns).with_categories(frame.categories), target=target)
        raw = without_lines(raw, schema.left_out_rows)
        for line in column_lines(schema, target, training, raw.height):
            say(line)
        table, n_dropped = check_target(schema.read(raw), target)
        if n_dropped:
            say(f"Dropped {n_dropped:,} rows without a {target}.")
        if task is None and training.loss == "poisson":
            task = "regression"  # counts can look like classes, but this loss is for counts
        meaning = schema.by_name[target]
        if task is None:
            guess = infer_task(table[target], target, is_category=meaning.kind == "category")
            task = guess.task
            say(guess.reason + ".")
        facts = replace(facts_of(schema, target, training.weight, task, table.height), may_fold=may_fold)
        training = training.for_table(facts)
        for line in preset_lines(training, facts):
            say(line)
        labels = blank_missing(raw.select(target), schema.missing)[0][target].drop_nulls()
        if task == "classification" and are_spelled(labels, meaning):
            # classes come back as they are written: 1.50
            meaning = replace(meaning, kind="category", written=None)
            table = table.with_columns(labels)
        features = without(table, target, training.weight)
        encoder = encoding_for(training)
        encoder.fit_read(features, schema.only(features.columns), frame.zones)
        for line in lines_without_bins(encoder):
            say(line)
        loss = loss_name(training.loss or ("cross_entropy" if task == "classification" else "quadratic"))
        learned = replace(TableTarget.learn(table[target], target, task, loss, clip=training.clip), column=meaning)
        y = learned.encode(table[target]).astype(training.dtype)
        examples = Examples(_inputs(encoder, features), y, _weights(table, training))
        output = training.output_activation or output_activation(task, loss, learned.n_outputs)
        get_loss(loss, output)
        sizes = [examples.x.shape[1], *training.hidden, learned.n_outputs]
        network = first_network(sizes, output, training, columns_to_embed(encoder, training))
        return cls(encoder, learned, _as_trained_on(examples, learned, training, output), network, loss, training)

    def encode(self, table: Any) -> Examples:
        """Return the rows of another table that have a target, as the network sees them."""
        table, _ = schema_of(self.encoder, self.target).read_rows(in_polars(table).table)
        check_weight(table.columns, self.target.name, self.training.weight)
        table, _ = check_target(table, self.target.name)
        y = self.target.encode(table[self.target.name]).astype(self.network.dtype)
        weight = _weights(table, self.training)
        examples = Examples(_inputs(self.encoder, without(table, self.target.name, self.training.weight)), y, weight)
        return _as_trained_on(examples, self.target, self.training, self.network.activations[-1])


def encoding_for(training: TableTraining) -> TableEncoding:
    """Return an encoder that has learned nothing yet, with the options of a training."""
    names = ("dtype", "max_categories", "numbers", "n_bins", "bins_above")
    return TableEncoding(**{name: getattr(training, name) for name in names})


def facts_of(schema: TableSchema, target: str, weight: str | None, task: Task, n_rows: int) -> TableFacts:
    """Return what a preset goes by."""
    kinds = [column.kind for column in schema.columns if column.name not in (target, weight)]
    return TableFacts(task, n_rows, sum(kind in WITH_BINS for kind in kinds), kinds.count("category"))


def column_lines(schema: TableSchema, target: str, training: TableTraining, n_rows: int) -> list[str]:
    """Return what is said of the columns before the task is known, which a preset's places do not go by."""
    facts = facts_of(schema, target, training.weight, "regression", n_rows)
    return ["Columns:", *schema.lines(training.for_table(facts).max_categories)]


def check_weight(columns: Sequence[str], target: str, weight: str | None) -> None:
    """Raise unless a table has the column of weights that was asked for."""
    if weight is None:
        return
    if weight == target:
        raise InvalidInputError(f"The column {weight!r} cannot be both target and weight. Give another weight.")
    check_target_name(columns, weight)


def _weights(table: Any, training: TableTraining) -> Any:
    if training.weight is None:
        return None
    return weights_of(table[training.weight], "Row", 1).astype(training.dtype)


def columns_to_embed(encoder: TableEncoding, training: TableTraining) -> Embedded:
    """Return which features of an encoder get an embedding: none where that is not asked for."""
    features, most = Features.of(encoder.plans_), training.embed_above
    return Embedded(
        tuple(features.number_places) if training.embedding else (),
        () if most is None else tuple(features.category_places(most)),
    )


def first_network(sizes: Sequence[int], output: str, training: TableTraining, embedded: Embedded = NOTHING) -> Any:
    """Return what training begins with: a network of these sizes, or the ensemble of as many as there are members.

    Parameters
    ----------
    sizes : sequence of int
        Of the first layer, the inputs before any is embedded.
    output : str
        σ of the output layer.
    training : TableTraining
    embedded : Embedded
        Inputs that have an embedding; where there are none, as in a table without numbers, the network is a plain one.
    """
    sizes = [sizes[0] + embedded.n_added, *sizes[1:]]
    if training.parametric_activation:
        embedded = replace(embedded, alphas=tuple(sizes[1:-1]))

    def initialized(m: int) -> Network | EmbeddedNetwork:
        network = Network.initialize(
            sizes,
            [*training.hidden_activations(), output],
            seed=seed_of_member(training.seed, m),
            dtype=training.dtype,
            initialization=training.initialization,
        )
        if training.zero_output:
            weights, biases = list(network.weights), list(network.biases)
            weights[-1], biases[-1] = np.zeros_like(weights[-1]), np.zeros_like(biases[-1])
            network = replace(network, weights=tuple(weights), biases=tuple(biases))
        if not embedded:
            return network
        seed = seed_of_member(training.seed, m)
        return EmbeddedNetwork.of(network, Embedding.initialize(embedded, seed=seed, dtype=training.dtype))

    if training.sharing and training.members == 1:
        raise InvalidInputError(
            f"sharing={training.sharing!r} is among members, but there is one network. Give members, such as 8, or "
            "leave out sharing."
        )
    networks = [initialized(m) for m in range(training.members)]
    if len(networks) == 1:
        return networks[0]
    if training.sharing is None:
        return Ensemble.of(networks)
    rng = stream(training.seed, Purpose.SHARING)
    signs = [rng.choice(np.array([-1, 1], dtype=training.dtype), sizes[0]) for _ in networks]
    signs[0] = np.ones_like(signs[0])  # whatever its signs were, w² would have as good as these
    return sharing_from(networks[0], networks, signs)


def _inputs(encoder: TableEncoding, table: Any) -> Inputs:
    """Return a table that the schema has already read as networks are fed with it: of an image the bytes it has."""
    view, columns = encoder.columns_of(table)
    if all(isinstance(plan, PixelPlan) for plan in encoder.plans_) and view.has_whole_bytes(columns):
        return WholeBytes(np.ascontiguousarray(view.block(columns, whole_bytes=True)), WHITE)
    return encoder.transform(table)


def _as_trained_on(examples: Examples, target: TableTarget, training: TableTraining, output: str) -> Examples:
    """Return examples with what options make of classes: their weights, and targets that are smoothed."""
    for name in ("class_weight", "label_smoothing", "calibrate"):
        if getattr(training, name) and target.classes is None:
            raise InvalidInputError(f"{name} is for classes, but {target.name!r} is a number. Leave it out.")
    y, weight = examples.y, examples.sample_weight
    if training.class_weight:
        codes = target.codes(y)
        weight = ClassWeights.learn(training.class_weight, target.labels(), codes, weight).times(
            codes, weight, training.dtype
        )
    if training.label_smoothing:
        y = smooth_labels(y, training.label_smoothing, couples=get_activation(output).couples).astype(training.dtype)
    return Examples(examples.x, y, weight)


def output_activation(task: Task, loss: str, n_outputs: int) -> str:
    """Return the σ of the output layer that suits a loss."""
    if task == "classification":
        return "softmax" if loss == "cross_entropy" and n_outputs > 1 else "sigmoid"
    return {"poisson": "exp", "cross_entropy": "sigmoid"}.get(loss, "identity")


def without_larger_batches(training: TableTraining, n_rows: int, say: Callable[[str], object]) -> TableTraining:
    """Return options whose batches are no larger than so many rows; say so where one was asked for."""
    if training.takes_all_rows or training.batch_size is None or training.batch_size <= n_rows:
        return training
    say(f"The batch size of {training.batch_size:,} is larger than the {n_rows:,} training rows; it was clipped.")
    return replace(training, batch_size=n_rows)


def enough_to_hold_out(n_rows: int, fraction: float, say: Callable[[str], object]) -> bool:
    """Return whether so many rows can spare a share for validation; say so where they cannot."""
    if math.ceil(fraction * n_rows) >= 2:
        return True
    say(
        f"With {n_rows} rows there are too few to hold some out: trained without validation, for all epochs. "
        "Give another table with --validation to see how good the model is."
    )
    return False
