"""How a table model is trained: the options of `backlit train`, with their defaults and what --help says of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backlit.errors import InvalidInputError
from backlit.training.option_fields import names_of, option, sizes_of
from backlit.training.options import LBFGS, FitOptions
from backlit.training.stopping import EarlyStopping, Monitor

if TYPE_CHECKING:
    from backlit.tables.presets import TableFacts
    from backlit.training.schedules import Schedule

METRIC_NAMES = ("accuracy", "balanced_accuracy", "f1", "auc", "log_loss", "r2", "rmse", "mae")
"""What `backlit.tables.metrics` has, whose import takes longer than --help."""


@dataclass(frozen=True, kw_only=True)
class TableTraining(FitOptions):
    """How a table model is trained. The defaults suit tables of some thousand to some hundred thousand rows.

    Attributes
    ----------
    preset : {"plain", "tabular", "tabular-best"}
        What options are that are not given, once the table is known; see `backlit.tables.presets`. "plain" here;
        `backlit train` and `TabularClassifier` take "tabular".
    given : frozenset of str or None
        Names of the options that are given. None: those that differ from the plain ones.
    hidden : tuple of int
        Neurons of each hidden layer.
    activation : str or tuple of str
        Of all hidden layers, or of each.
    output_activation : str or None
        None: what suits the loss.
    loss : str or None
        None: cross-entropy for classes, quadratic for numbers.
    initialization : str or None
        A name of `backlit.core.initialization.INITIALIZATIONS`; None: what suits each layer's activation.
    zero_output : bool
        Whether weights and biases of the output layer begin at zero.
    parametric_activation : bool
        Whether each hidden neuron has an α, which is trained; see `backlit.core.parametric`.
    embedding : {"pbld"} or None
        Whether each number, date and duration has an embedding that is trained; see `backlit.core.embedding`.
    embed_above : int or None
        Categories of more than so many values have an embedding that is trained, in place of an input for each value.
        None: no category has.
    members : int
        Networks that are trained together, each with its own beginning, order of the rows and dropout. They stop
        together, on how good they are as an `Ensemble`.
    sharing : {"mini"} or None
        What members have in common; see `backlit.core.shared_members`.
    clip : bool
        Whether predicted numbers are kept to the range seen in training.
    folds : int
        From 2 on: networks (or ensembles of members), each of which leaves out another fold of the rows, and which
        predict together; see `backlit.tables.folds`.
    class_weight : {"balanced"} or None
    weight : str or None
        Column with what each row counts, which is no input then.
    patience, tolerance, monitor
        Of `EarlyStopping`, which gives back the best epoch; without validation rows there is none.
    metric : str or None
        A name of `backlit.tables.metrics.METRICS`, which the epoch given back is best at. None: accuracy, or R².
    calibrate : bool
        Whether a temperature is learned for the probabilities of classes; see `backlit.tables.calibration`.
    validation_fraction : float
        Share of the rows held out where no validation table is given; 0 for none, and no early stopping.
    dtype : {"float32", "float64"}
    numbers : {"scaled", "piecewise"}
        How the encoder lays out numbers, `n_bins` how many bins it takes at most, and `bins_above` how many different
        values a column has at most that gets none; see `TableEncoder`.
    max_categories : int
        The most values of a column of categories that have an input of their own.
    """

    preset: str = option(
        "plain",
        "tabular, tabular-best (longer, and better) or plain: what the options are that you do not give.",
        "Network",
    )
    hidden: tuple[int, ...] = option(
        (256, 128), "Neurons of each hidden layer, separated by commas.", "Network", parse=sizes_of
    )
    activation: str | tuple[str, ...] = option(
        "relu", "Activation of the hidden layers, or one for each: tanh,relu.", "Network", parse=names_of
    )
    output_activation: str | None = option(None, "Default: what suits the loss.", "Network")
    initialization: str | None = option(None, "Default: what suits each layer's activation.", "Network")
    zero_output: bool = option(False, "Begin with an output layer of zeros.", "Network")
    parametric_activation: bool = option(False, "Train how much of σ each hidden neuron has.", "Network")
    embedding: str | None = option(
        None, "pbld: train an embedding of each number, date and duration, beside the number itself.", "Network"
    )
    embed_above: int | None = option(
        None, "Train an embedding of each category of more than so many values, such as 8.", "Network", min=0
    )
    members: int = option(1, "Networks that are trained together, and whose z^L are averaged.", "Network", min=1)
    sharing: str | None = option(
        None, "mini: members share all weights but the last layer's and scales of the inputs (TabM).", "Network"
    )
    folds: int = option(
        1, "Train as many networks, each without a fold of the rows, which tells how good it is.", "Network", min=1
    )
    dtype: str = option("float32", "float32 or float64.", "Network")
    loss: str | None = option(None, "Default: cross_entropy for classes, quadratic for numbers.", "Loss")
    clip: bool = option(False, "Keep predicted numbers to the range of the training rows.", "Loss")
    class_weight: str | None = option(None, "balanced: all classes count the same.", "Loss")
    weight: str | None = option(None, "Column of what each row counts; it is no input.", "Loss")
    schedule: str | Schedule = option(
        "cosine", "constant, invscaling, adaptive, step, cosine, one_cycle, coslog4 or flat_cos.", "Optimizer"
    )
    patience: int = option(12, "Epochs without an improvement to put up with.", "Stopping", min=0)
    tolerance: float = option(0.0, "What counts as an improvement.", "Stopping", min=0)
    monitor: Monitor = option("validation_cost", "validation_cost or validation_metric.", "Stopping")
    metric: str | None = option(
        None,
        f"What the best epoch is best at, of the rows held out: {', '.join(METRIC_NAMES)}. Default: accuracy, or r2.",
        "Stopping",
    )
    calibrate: bool = option(
        False, "Make probabilities as sure as the rows held out say they may be (a temperature).", "Stopping"
    )
    validation_fraction: float = 0.1
    numbers: str = option(
        "scaled", "scaled, or piecewise: each number, date and duration also in bins that rise from 0 to 1.", "Data"
    )
    n_bins: int = option(32, "Bins of a column, at most, where numbers are piecewise.", "Data", min=2)
    bins_above: int = option(0, "Columns of at most so many different values have no bins.", "Data", min=0)
    max_categories: int = option(50, "Values of a category with an input of their own, at most.", "Data", min=1)
    given: frozenset[str] | None = None

    def __post_init__(self) -> None:
        from backlit.core.activations import get_activation
        from backlit.core.embedding import check_embedding_name
        from backlit.core.initialization import INITIALIZATIONS
        from backlit.core.losses import loss_name
        from backlit.core.shared_members import check_sharing_name
        from backlit.errors import UnknownNameError
        from backlit.tables.presets import PRESETS

        super().__post_init__()
        if self.preset not in PRESETS:
            raise UnknownNameError("preset", self.preset, PRESETS)
        if self.loss is not None:
            object.__setattr__(self, "loss", loss_name(self.loss))
        if min(self.hidden, default=1) < 1:
            raise InvalidInputError(f"Every hidden layer needs a neuron, but hidden is {self.hidden}.")
        activations = (self.activation,) if isinstance(self.activation, str) else self.activation
        for name in (*activations, *filter(None, [self.output_activation])):
            get_activation(name)
        if self.preset == "plain" or "hidden" in self.names_given():
            self.hidden_activations()
        if self.initialization is not None and self.initialization not in INITIALIZATIONS:
            raise UnknownNameError("initialization", self.initialization, INITIALIZATIONS)
        check_embedding_name(self.embedding)
        if self.embed_above is not None and self.embed_above < 0:
            raise InvalidInputError(f"embed_above must be at least 0, or None, but is {self.embed_above}.")
        embeds = "embedding" if self.embedding else "" if self.embed_above is None else "embed_above"
        beside = embeds or ("parametric_activation" if self.parametric_activation else "")
        if beside and self.solver in ("sgd", "gd", LBFGS):
            raise InvalidInputError(
                "Embeddings and parametric activations are trained by optimizers whose steps do not grow with the "
                f"gradient, such as adam, but the solver is {self.solver!r}. Use another, or leave out {beside}."
            )
        if embeds and self.dropout_input:
            raise InvalidInputError(
                f"Dropout of inputs cannot go with embeddings. Leave out dropout_input, or {embeds}."
            )
        if self.members < 1:
            raise InvalidInputError(f"members must be a whole number of at least 1, but {self.members!r} came.")
        if self.members > 1 and self.solver == LBFGS:
            raise InvalidInputError("The solver 'lbfgs' trains one network. Use another solver, or members=1.")
        check_sharing_name(self.sharing)
        if self.sharing and self.solver in ("sgd", "gd"):
            raise InvalidInputError(
                "Members share weights with optimizers whose steps do not grow with the gradient, such as adam, but "
                f"the solver is {self.solver!r}. Use another solver, or leave out sharing."
            )
        if self.folds < 1:
            raise InvalidInputError(f"folds must be a whole number of at least 1, but {self.folds!r} came.")
        if self.dtype not in ("float32", "float64"):
            raise UnknownNameError("dtype", self.dtype, ("float32", "float64"))
        if self.numbers not in ("scaled", "piecewise"):
            raise UnknownNameError("encoding of numbers", self.numbers, ("scaled", "piecewise"))
        if self.n_bins < 2:
            raise InvalidInputError(f"There must be at least 2 bins, but n_bins is {self.n_bins}.")
        if self.max_categories < 1:
            raise InvalidInputError(f"max_categories must be at least 1, but is {self.max_categories}.")
        if self.bins_above < 0:
            raise InvalidInputError(
                f"bins_above must be at least 0, for bins in all columns, but is {self.bins_above}."
            )
        if self.class_weight not in (None, "balanced"):
            raise UnknownNameError("class_weight", self.class_weight, ("balanced",))
        if not 0 <= self.validation_fraction < 1:
            raise InvalidInputError(
                f"The validation fraction must be at least 0 and less than 1, but {self.validation_fraction!r} came."
            )
        if self.metric is not None and self.metric not in METRIC_NAMES:
            raise UnknownNameError("metric", self.metric, METRIC_NAMES)
        self.early_stopping()

    def for_table(self, table: TableFacts) -> TableTraining:
        """Return the options as the preset has them for a table, but for those that are given."""
        from backlit.tables.presets import PRESETS, around

        given = {name: getattr(self, name) for name in self.names_given()}
        if given.keys() & {"members", "sharing", "folds"}:
            table = dataclasses.replace(table, may_fold=False)
        chosen = around(PRESETS[self.preset](table), given)
        if not chosen:
            return self
        resolved = dataclasses.replace(self, **chosen, given=frozenset(given))
        resolved.hidden_activations()
        return resolved

    def names_given(self) -> frozenset[str]:
        """Return the names of the options that are not left to the preset."""
        if self.given is not None:
            return self.given
        fields = dataclasses.fields(self)
        return frozenset(field.name for field in fields if getattr(self, field.name) != field.default)

    def hidden_activations(self) -> list[str]:
        """Return σ of each hidden layer."""
        if isinstance(self.activation, str):
            return [self.activation] * len(self.hidden)
        if len(self.activation) != len(self.hidden):
            raise InvalidInputError(
                f"There are {len(self.activation)} activations, but {len(self.hidden)} hidden layers. Give one for "
                "each, or one for all."
            )
        return list(self.activation)

    def early_stopping(self) -> EarlyStopping:
        """Return when to stop, where there are validation rows."""
        return EarlyStopping(self.monitor, self.patience, self.tolerance)

    def to_dict(self) -> dict[str, Any]:
        """Return the options as plain JSON, with the learning rate that was used."""

        def plain(value: Any) -> Any:
            if isinstance(value, tuple):
                return [plain(each) for each in value]
            if dataclasses.is_dataclass(value) and not isinstance(value, type):
                return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
            return value

        # how the arithmetic is shared out, and what a scikit-learn program needs, say nothing of this model
        left_out = {"given", "stopping", "engine", "n_threads", "usual_batch_size", "rate_in_velocity"}
        searches = self.line_search() is not None
        left_out |= set() if searches else {"max_fun", "gradient_tolerance"}
        left_out |= set() if self.schedule == "invscaling" else {"power_t"}
        left_out |= set() if self.folds > 1 else {"folds"}
        unused = ("max_time", "clip", "metric", "calibrate", "weight_average", "weight", "input_scales", "bins_above")
        left_out |= {
            name for name in (*unused, "parametric_activation", "embedding", "sharing") if not getattr(self, name)
        }
        left_out |= {"embed_above"} if self.embed_above is None else set()
        left_out |= {"max_categories"} if self.max_categories == 50 else set()
        left_out |= set() if self.decay_schedule != "constant" else {"decay_schedule"}
        left_out |= set() if self.numbers == "piecewise" else {"numbers", "n_bins", "bins_above"}
        names = [field.name for field in dataclasses.fields(self) if field.name not in left_out]
        rate = None if searches else self.rate
        return {name: plain(getattr(self, name)) for name in names} | {"learning_rate": rate}


def recorded_rate(training: dict[str, Any]) -> float | None:
    """Return the base rate that a model's record of its training tells; None where the solver had none."""
    from backlit.documents.field import MODEL, Field

    options = Field(training.get("options") or {}, "training.options", MODEL).object()
    if options.get("solver") == LBFGS:
        return None
    rate = Field(options.get("learning_rate"), "training.options.learning_rate", MODEL)
    return TableTraining().rate if rate.is_null else rate.number(above=0)


def recorded_metric(training: dict[str, Any]) -> str | None:
    """Return the metric that a model's record of its training names, if any."""
    from backlit.documents.field import MODEL, Field

    metric = Field(training.get("options") or {}, "training.options", MODEL).object().get("metric")
    return None if metric is None else Field(metric, "training.options.metric", MODEL).one_of(*METRIC_NAMES)
