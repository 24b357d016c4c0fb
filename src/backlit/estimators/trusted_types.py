"""The types that a fitted estimator is made of, for formats that ask which to trust before they make objects."""

from __future__ import annotations

from backlit.core.optimizers import OPTIMIZERS

TRUSTED_TYPES: tuple[str, ...] = (
    *sorted(f"{optimizer.__module__}.{optimizer.__name__}" for optimizer in OPTIMIZERS.values()),
    "backlit.core.dropout.Dropout",
    "backlit.core.network.Network",
    "backlit.core.residual_losses.Huber",
    "backlit.core.residual_losses.Quantile",
    "backlit.data.encoder.TableEncoder",
    "backlit.data.labels.ClassLabels",
    "backlit.data.plans.BooleanPlan",
    "backlit.data.plans.CategoryPlan",
    "backlit.data.plans.DatePlan",
    "backlit.data.plans.DurationPlan",
    "backlit.data.plans.EmptyPlan",
    "backlit.data.plans.NumberPlan",
    "backlit.data.plans.PixelPlan",
    "backlit.engine.protocol.OptimizerState",
    "backlit.estimators.classifier.MLPClassifier",
    "backlit.estimators.going_on.Continuation",
    "backlit.estimators.hidden_layers.HiddenLayerTransformer",
    "backlit.estimators.prediction.KeptSessions",
    "backlit.estimators.regressor.MLPRegressor",
    "backlit.training.checkpoint.Checkpoint",
    "backlit.training.state.EpochRecord",
    "backlit.training.state.TrainingState",
    "backlit.training.stopping.EarlyStopping",
    "backlit.training.stopping.StoppingState",
)
"""What `MLPClassifier`, `MLPRegressor` and `HiddenLayerTransformer` are written as by skops, by the names of the types.

Each holds data and does nothing when it is made. Callbacks and functions of your own are not among them.
"""
