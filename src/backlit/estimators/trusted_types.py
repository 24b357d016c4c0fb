"""The types that a fitted estimator is made of, for formats that ask which to trust before they make objects."""

from __future__ import annotations

from backlit.core.optimizers import OPTIMIZERS

TRUSTED_TYPES: tuple[str, ...] = (
    *sorted(f"{optimizer.__module__}.{optimizer.__name__}" for optimizer in OPTIMIZERS.values()),
    "backlit.core.dropout.Dropout",
    "backlit.core.embedded.Embedded",
    "backlit.core.embedded_network.EmbeddedNetwork",
    "backlit.core.network.Network",
    "backlit.core.residual_losses.Huber",
    "backlit.core.residual_losses.Quantile",
    "backlit.data.category_plan.CategoryPlan",
    "backlit.data.columns.column.Column",
    "backlit.data.columns.left_out_rows.LeftOutRow",
    "backlit.data.columns.schema.TableSchema",
    "backlit.data.columns.written.DateForm",
    "backlit.data.columns.written.DurationForm",
    "backlit.data.columns.written.FlagForm",
    "backlit.data.columns.written.NumberForm",
    "backlit.data.date_plan.DatePlan",
    "backlit.data.encoder.TableEncoder",
    "backlit.data.encoding.TableEncoding",
    "backlit.data.features.Features",
    "backlit.data.labels.ClassLabels",
    "backlit.data.number_plans.BooleanPlan",
    "backlit.data.number_plans.DurationPlan",
    "backlit.data.number_plans.EmptyPlan",
    "backlit.data.number_plans.NumberPlan",
    "backlit.data.number_plans.PixelPlan",
    "backlit.data.piecewise_plan.PiecewisePlan",
    "backlit.data.target.TargetScaler",
    "backlit.engine.protocol.OptimizerState",
    "backlit.estimators.classifier.MLPClassifier",
    "backlit.estimators.going_on.Continuation",
    "backlit.estimators.hidden_layers.HiddenLayerTransformer",
    "backlit.estimators.prediction.KeptSessions",
    "backlit.estimators.regressor.MLPRegressor",
    "backlit.tables.estimators.TabularClassifier",
    "backlit.tables.estimators.TabularRegressor",
    "backlit.tables.model.TableModel",
    "backlit.tables.table_target.TableTarget",
    "backlit.training.checkpoint.Checkpoint",
    "backlit.training.state.EpochRecord",
    "backlit.training.state.TrainingState",
    "backlit.training.state.WithinEpoch",
    "backlit.training.stopping.EarlyStopping",
    "backlit.training.stopping.StoppingState",
)
"""What the estimators of backlit are written as by skops, by the names of the types.

Each holds data and does nothing when it is made. Callbacks and functions of your own are not among them.
"""
