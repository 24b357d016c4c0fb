"""What there is to choose from on a page, and how large things may be."""

from __future__ import annotations

from functools import cache

import backlit
from backlit.core.activations import ACTIVATIONS
from backlit.core.initialization import INITIALIZATIONS
from backlit.core.losses import LOSSES, get_loss
from backlit.core.optimizers import OPTIMIZERS
from backlit.errors import BacklitError
from backlit.lab import limits
from backlit.lab.data.builtin import BUILT_IN
from backlit.lab.state.exercises import KINDS
from backlit.lab.take_away.exports import EXPORTS
from backlit.lab.talk.replies import Choices, LossChoice, Named


@cache
def choices() -> Choices:
    """Return what there is to choose from."""
    return Choices(
        data=tuple(Named(name, each.words) for name, each in BUILT_IN.items()),
        activations=tuple(ACTIVATIONS),
        losses=tuple(LossChoice(name, _activations_of(name)) for name in LOSSES),
        solvers=("gd", *OPTIMIZERS),
        initializations=tuple(INITIALIZATIONS),
        exports=tuple(Named(name, words) for name, (words, _) in EXPORTS.items()),
        exercises=tuple(Named(name, each.words) for name, each in KINDS.items()),
        most_bytes=limits.MOST_BYTES,
        most_rows=limits.MOST_ROWS,
        most_columns=limits.MOST_COLUMNS,
        most_layers=limits.MOST_LAYERS,
        most_neurons=limits.MOST_NEURONS,
        most_parameters=limits.MOST_PARAMETERS,
        most_examples=limits.MOST_EXAMPLES,
        most_shown=limits.MOST_SHOWN,
        version=backlit.__version__,
    )


def _activations_of(loss: str) -> tuple[str, ...]:
    fitting = []
    for name in ACTIVATIONS:
        try:
            get_loss(loss, name)
        except BacklitError:
            continue
        fitting.append(name)
    return tuple(fitting)
