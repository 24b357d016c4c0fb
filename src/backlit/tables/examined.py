"""A model of tables as an explanation sees it: a network of the lecture, and what stands for each of its inputs.

Behind embeddings the network is the lecture's, so that is what is explained; its inputs are the embedded numbers and
the encoded ones. How each embedded number came about is told, and where y is known its δ, from which the embeddings'
own gradient comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backlit.core.backpropagation import backpropagate
from backlit.core.embedded_network import EmbeddedNetwork, apart
from backlit.core.embedding import embed, embedding_errors
from backlit.core.layer_health import NetworkHealth
from backlit.core.network import Network
from backlit.data.features import EncodedFeature
from backlit.data.frames import in_polars
from backlit.data.scaling import shown
from backlit.documents.field import MODEL, Field
from backlit.engine.protocol import Floats
from backlit.errors import InvalidInputError
from backlit.explanation.trace.network_with_examples import ModelFacts, NetworkWithExamples
from backlit.tables.options import recorded_rate
from backlit.tables.rows import known_targets


def as_fed(network: Network | EmbeddedNetwork, x: Floats) -> Floats:
    """Return encoded rows as the network behind the embeddings is fed with them; without embeddings, as they are."""
    expanded: Floats = network.expanded(x) if isinstance(network, EmbeddedNetwork) else x
    return expanded


def examined(model: Any, x: Any, y: Any, *, needs_y: bool) -> NetworkWithExamples:
    """Return the network of a `TableModel` with the rows of a table x.

    Parameters
    ----------
    model : TableModel
    x : dataframe
    y : None
        A table has its own.
    needs_y : bool
        Whether rows without a target are left out, rather than all of them taken without y.
    """
    if y is not None:
        raise InvalidInputError(f"A model of tables takes y from the column {model.target.name!r}. Leave out y.")
    recorded = Field(model.training.get("recorded") or [], "training.recorded", MODEL).parts()
    activations = apart(model.network)[0].activations
    history = tuple(NetworkHealth.from_dict(each.value, activations, each.path) for each in recorded)
    if x is None:
        raise InvalidInputError("A model of tables needs rows to look at, but none came. Give a few rows of a table.")
    table = in_polars(x).table
    if needs_y:
        _, rows, y = model.encoded(table, [])
    else:
        table = model.schema.read(table)
        rows, (y, _) = model.encoder.transform(table), known_targets(table, model.target)
    scaler, kept_to = model.target.scaler, model.target.range
    as_it_is = None if kept_to is None else (0.0, 1.0)

    def encodings() -> list[list[EncodedFeature]]:
        described = [model.encoder.describe_row(table, i) for i in range(len(table))]
        if isinstance(model.network, EmbeddedNetwork):
            return with_embeddings(model.network, rows, y, model.loss, described)
        return described

    facts = ModelFacts(
        learning_rate=recorded_rate(model.training),
        output_names=model.target.output_names,
        target_scale=as_it_is if scaler is None else (scaler.mean, scaler.scale),
        target_range=kept_to,
        encodings=encodings,
    )
    return NetworkWithExamples(apart(model.network)[0], as_fed(model.network, rows), y, model.loss, history, facts)


def with_embeddings(
    network: EmbeddedNetwork, x: Floats, y: Floats | None, loss: str, encodings: Sequence[list[EncodedFeature]]
) -> list[list[EncodedFeature]]:
    """Return how each input of the network behind embeddings came about, row by row.

    Parameters
    ----------
    network : EmbeddedNetwork
    x : ndarray, ``(n_rows, n_in)``
    y : ndarray, ``(n_rows, n_out)``, or None
        Where it is there, δ of each embedded number is told.
    loss : str
    encodings : sequence of list of EncodedFeature
        Of each row, how its inputs came about before they were embedded.
    """
    behind, embedding = network.network, network.embedding
    at, errors = embed(embedding, x), None
    if y is not None:
        delta = backpropagate(behind, at.out, y, loss=loss).delta[0]
        errors = embedding_errors(embedding, at, behind.weights[0], delta)
    told, embedded = [], embedding.embedded
    for i, features in enumerate(encodings):
        added = []
        for f, column in enumerate(embedded.columns):
            formula = f"W₂ cos(2π w₁ u + b₁) + b₂ of u = {shown(float(at.u[i, f]))}"
            deltas = None if errors is None else errors.e[i, f]
            added += _told(features[column], features[column].name, "e", formula, at.e[i, f], deltas)
        for g, (begin, end) in enumerate(embedded.categories):
            values = features[begin:end]
            on = next((each for each in values if each.value), values[-1])
            formula = f"w + b, w of ({on.name})"
            deltas = None if errors is None else errors.c[i, g]
            added += _told(on, on.column, "c", formula, at.c[i, g], deltas)
        told.append([*added, *(features[k] for k in embedded.kept(len(features)))])
    return told


def _told(
    source: EncodedFeature, name: str, symbol: str, formula: str, values: Floats, deltas: Floats | None
) -> list[EncodedFeature]:
    """Return how each number of one embedding came about."""
    told = []
    for o, value in enumerate(values):
        operation = f"{symbol}_{o + 1} = {formula}"
        if deltas is not None:
            operation = f"δ of {symbol}_{o + 1} = (w²)ᵀ δ² = {shown(float(deltas[o]))};  {operation}"
        named = f"{name} (embedding {o + 1})"
        told.append(EncodedFeature(named, source.column, source.raw_value, operation, float(value)))
    return told
