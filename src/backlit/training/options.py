"""How a network is trained: one description, made at the door from an estimator's parameters or a command's options.

Nothing heavy is imported at the top, for the command line reads its options, defaults and help from here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backlit.core.optimizers import OPTIMIZERS, SGD
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.training.option_fields import optimizer_option, option, rates_of_layers

if TYPE_CHECKING:
    from backlit.core.dropout import Dropout
    from backlit.core.layer_rates import LayerRates
    from backlit.core.optimizers import Optimizer
    from backlit.core.penalty import Penalty
    from backlit.training.schedules import Schedule
    from backlit.training.stopping import EarlyStopping


@dataclass(frozen=True)
class LineSearchLimits:
    """When L-BFGS ends by itself.

    Attributes
    ----------
    iterations, evaluations : int
        Most iterations, and most evaluations of the cost.
    gradient : float
        Largest component of the gradient at which to stop.
    """

    iterations: int
    evaluations: int
    gradient: float


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """How a network is trained; a word means the same, whoever makes the options.

    Attributes
    ----------
    solver : str
        A name of `backlit.core.optimizers.OPTIMIZERS`, or "gd", the lecture's plain descent on all rows, or "lbfgs",
        SciPy's L-BFGS-B, which has no learning rate, schedule, dropout or clipping. The options that an optimizer takes
        are fields of the same names here.
    learning_rate : float or None
        μ. None: 0.001, for "sgd" and "gd" 0.05.
    schedule : str or Schedule
        See `backlit.training.schedules`.
    epochs : int
        Most passes over the rows.
    batch_size : int or None
        Rows per step. None: `usual_batch_size`, or all rows where there are fewer.
    stopping : EarlyStopping or None
    max_time : float or None
        Seconds; see `backlit.training.time_limit`.
    weight_average : float
        Decay a step of a moving average of the weights; see `backlit.training.weight_average`.
    alpha, l2, l1 : float
        See `backlit.core.penalty.Penalty`. An optimizer that decays weights by itself ignores alpha.
    dropout : Dropout, float or None
    dropout_input : float
        Share of the inputs, where `dropout` is a number or None.
    parametrization : {"standard", "ntp"}
        See `backlit.core.layer_rates`.
    input_scales : float
        Factor of the rate of a scale for each input, 0 for none; see `backlit.core.input_scales`.
    decay_schedule : str or Schedule
        How `weight_decay` changes: it is multiplied by what a schedule makes of a rate of 1.
    rate_in_velocity : bool
        scikit-learn's form of momentum; see `backlit.core.optimizers.SGD`.
    """

    solver: str = option(
        "adam", f"{', '.join(OPTIMIZERS)}, gd (plain, all rows) or lbfgs (SciPy's, all rows).", "Optimizer"
    )
    learning_rate: float | None = option(None, "Default: 0.001; for sgd and gd 0.05.", "Optimizer")
    schedule: str | Schedule = option(
        "constant", "constant, invscaling, adaptive, step, cosine, one_cycle, coslog4 or flat_cos.", "Optimizer"
    )
    power_t: float = option(0.5, "Exponent of invscaling.", "Optimizer", min=0)
    parametrization: str = option(
        "standard",
        "standard, or ntp: the rate falls with the width of a layer, and is a tenth for biases.",
        "Optimizer",
    )
    input_scales: float = option(
        0.0,
        "Train a scale for each input, folded into w², at so many times the rate: 6; 0 for none.",
        "Optimizer",
        min=0,
    )
    batch_size: int | None = option(
        None, "Rows per step. Default: 128, or all where there are fewer.", "Optimizer", min=1
    )
    usual_batch_size: int = 128
    epochs: int = option(60, "Most passes over the data; of lbfgs, most iterations.", "Optimizer", min=1)
    shuffle: bool = option(True, "Whether each epoch draws its own order of the rows.", "Optimizer")
    momentum: float = optimizer_option("momentum", 0.9)
    nesterov: bool = optimizer_option("nesterov", True)
    beta_1: float = optimizer_option("beta_1")
    beta_2: float = optimizer_option("beta_2")
    rho: float = optimizer_option("rho")
    epsilon: float = optimizer_option("epsilon")
    weight_decay: float = optimizer_option("weight_decay", min=0)
    decay_schedule: str | Schedule = option(
        "constant", "How weight_decay changes, as a schedule of the rate does: flat_cos.", "Optimizer"
    )
    max_fun: int = option(15_000, "Of lbfgs: most evaluations of the cost.", "Optimizer", min=1)
    gradient_tolerance: float = option(
        1e-4, "Of lbfgs: largest component of the gradient at which it stops.", "Optimizer", min=0
    )
    rate_in_velocity: bool = False
    clip_norm: float | None = optimizer_option("clip_norm")
    weight_average: float = option(
        0.0, "Decay a step of a moving average of the weights, which then predicts: 0.99; 0 for none.", "Optimizer"
    )
    alpha: float = option(
        1e-4, "Penalty of scikit-learn: alpha / (2 batch size) · Σ w²; adamw ignores it.", "Regularization", min=0
    )
    l2: float = option(0.0, "Penalty l2/2 · Σ w², the same for every batch size.", "Regularization", min=0)
    l1: float = option(0.0, "Penalty l1 · Σ |w|.", "Regularization", min=0)
    dropout: Dropout | float | None = option(
        None,
        "Share of the hidden neurons left out in each step, or one for each layer: 0.5,0.2.",
        "Regularization",
        parse=rates_of_layers,
    )
    dropout_input: float = option(0.0, "Share of the inputs left out in each step.", "Regularization", min=0)
    label_smoothing: float = option(
        0.0, "Share of each class's target that is spread over all; for cross_entropy.", "Regularization", min=0
    )
    stopping: EarlyStopping | None = None
    max_time: float | None = option(
        None,
        "Seconds after which training ends; it plans as many epochs as they have room for.",
        "Stopping",
        min=0,
    )
    seed: int = option(0, "Source of all that is random.", "Engine", min=0)
    engine: str = option("auto", "auto, native or reference.", "Engine")
    n_threads: int | None = option(
        None, "Most threads to use. Default: what the work calls for.", "Engine", min=1, flag="--threads"
    )
    precision: str = option(
        "full", "full, bfloat16 or bfloat16x3: what products are rounded to, where the processor can.", "Engine"
    )

    def __post_init__(self) -> None:
        from backlit.core.initialization import Purpose, stream
        from backlit.core.layer_rates import PARAMETRIZATIONS, check_scales, refuse_gradient_descent
        from backlit.core.precision import PRECISIONS
        from backlit.engine import ENGINES
        from backlit.training.schedules import Constant
        from backlit.training.time_limit import check_time
        from backlit.training.weight_average import check_decay

        if self.engine not in ENGINES:
            raise UnknownNameError("engine", self.engine, ENGINES)
        if self.precision not in PRECISIONS:
            raise UnknownNameError("precision", self.precision, PRECISIONS)
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise InvalidInputError(f"The learning rate must be a positive number, but {self.learning_rate!r} came.")
        check_time(self.max_time)
        check_decay(self.weight_average)
        if not 0 <= self.label_smoothing < 1:
            raise InvalidInputError(f"label_smoothing must lie in [0, 1), but {self.label_smoothing!r} came.")
        if self.solver == LBFGS:
            self._refuse_what_disturbs_a_line_search()
        if self.parametrization not in PARAMETRIZATIONS:
            raise UnknownNameError("parametrization", self.parametrization, PARAMETRIZATIONS)
        check_scales(self.input_scales)
        if self.parametrization == "ntp" or self.input_scales:
            refuse_gradient_descent(self.optimizer())
        if not isinstance(self.make_decay_schedule(), Constant) and not hasattr(self.optimizer(), "weight_decay"):
            raise InvalidInputError(
                f"decay_schedule is for an optimizer that decays weights by itself, adamw, but the solver is "
                f"{self.solver!r}. Use solver='adamw', or leave out decay_schedule."
            )
        stream(self.seed, Purpose.SHUFFLE)
        self.optimizer(), self.penalty(), self.make_schedule(), self.make_dropout()

    def _refuse_what_disturbs_a_line_search(self) -> None:
        for name in ("dropout", "dropout_input", "clip_norm", "weight_average"):
            if getattr(self, name):
                raise InvalidInputError(
                    f"The solver 'lbfgs' cannot go with {name}={getattr(self, name)!r}: it compares the costs of steps "
                    f"that it tries. Use another solver, or leave out {name}."
                )

    @property
    def rate(self) -> float:
        """Base learning rate; of no meaning to "lbfgs"."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 0.05 if self.solver in GRADIENT_DESCENT else 0.001

    def optimizer(self) -> Optimizer:
        """Return the optimizer that the solver stands for; for "lbfgs", which is none, one that remembers nothing."""
        if self.solver in ("gd", LBFGS):
            return SGD(clip_norm=self.clip_norm)
        if self.solver not in OPTIMIZERS:
            raise UnknownNameError("solver", self.solver, (*OPTIMIZERS, "gd", LBFGS))
        kind = OPTIMIZERS[self.solver]
        return kind(**{field.name: getattr(self, field.name) for field in dataclasses.fields(kind)})

    def line_search(self) -> LineSearchLimits | None:
        """Return the limits of L-BFGS, where that is the solver."""
        if self.solver != LBFGS:
            return None
        return LineSearchLimits(self.epochs, self.max_fun, self.gradient_tolerance)

    def penalty(self) -> Penalty:
        """Return what large weights cost."""
        from backlit.core.penalty import Penalty

        decays = hasattr(self.optimizer(), "weight_decay")
        return Penalty(l2=self.l2, l1=self.l1, alpha=0.0 if decays else self.alpha)

    def layer_rates(self, sizes: Sequence[int]) -> LayerRates | None:
        """Return what each layer's rate is multiplied by, where the rates of a network of these sizes differ."""
        from backlit.core.layer_rates import LayerRates

        if self.parametrization == "ntp":
            return LayerRates.ntp(sizes, self.input_scales)
        return LayerRates.standard(sizes, self.input_scales) if self.input_scales else None

    def make_schedule(self) -> Schedule:
        """Return how the rate changes."""
        from backlit.training.schedules import InverseScaling, get_schedule

        return InverseScaling(self.power_t) if self.schedule == "invscaling" else get_schedule(self.schedule)

    def make_decay_schedule(self) -> Schedule:
        """Return how the decay of the weights changes."""
        from backlit.training.schedules import get_schedule

        return get_schedule(self.decay_schedule)

    def make_dropout(self) -> Dropout | None:
        """Return which neurons are left out in a step, if any."""
        from backlit.core.dropout import Dropout

        if isinstance(self.dropout, Dropout):
            return dataclasses.replace(self.dropout, input=self.dropout_input) if self.dropout_input else self.dropout
        if self.dropout is None and not self.dropout_input:
            return None
        return Dropout(self.dropout or 0.0, input=self.dropout_input)

    @property
    def takes_all_rows(self) -> bool:
        """Whether each step looks at all rows, whatever the batch size."""
        return self.solver in ("gd", LBFGS)

    def rows_per_step(self, n_rows: int) -> int:
        """Return the batch size for so many training rows."""
        if self.takes_all_rows:
            return n_rows
        return min(self.usual_batch_size, n_rows) if self.batch_size is None else self.batch_size


LBFGS = "lbfgs"
"""The solver that is SciPy's; see `backlit.training.lbfgs`."""

GRADIENT_DESCENT = ("sgd", "gd")
"""Solvers that want a higher rate, and in the estimators the only ones that scikit-learn's schedules apply to."""
