"""Neural networks you can see through, trained as fast as your CPU allows."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from backlit.core.backpropagation import Backpass, backpropagate
    from backlit.core.custom import CustomActivation, CustomLoss
    from backlit.core.dropout import Dropout
    from backlit.core.gradient_check import check_gradient
    from backlit.core.gradient_report import GradientReport
    from backlit.core.network import Network
    from backlit.core.penalty import Penalty
    from backlit.core.residual_losses import Huber, Quantile
    from backlit.data.columns import ColumnChoices, TableSchema
    from backlit.data.encoder import TableEncoder
    from backlit.data.readers import read_table
    from backlit.distributed.trainer import DistributedTrainer
    from backlit.engine import get_engine
    from backlit.engine.predictor import Predictor
    from backlit.errors import BacklitError
    from backlit.estimators.classifier import MLPClassifier
    from backlit.estimators.hidden_layers import HiddenLayerTransformer
    from backlit.estimators.importing import from_keras, from_onnx, from_sklearn, from_state_dict
    from backlit.estimators.rate_finder import find_learning_rate
    from backlit.estimators.regressor import MLPRegressor
    from backlit.estimators.side_by_side import fit_many
    from backlit.estimators.trusted_types import TRUSTED_TYPES
    from backlit.explanation.demon.demon import demon
    from backlit.explanation.demon.ranking import DemonRanking
    from backlit.explanation.demon.report import DemonReport
    from backlit.explanation.diagnosis.diagnose import diagnose
    from backlit.explanation.diagnosis.diagnosis import Diagnosis
    from backlit.explanation.exercise import Exercise
    from backlit.explanation.explanation import Explanation, explain
    from backlit.export.c import to_c
    from backlit.export.onnx import to_onnx
    from backlit.grading.grade import grade
    from backlit.lab.widget import Lab
    from backlit.persistence.model_file import load_network, save_network
    from backlit.tables.estimators import TabularClassifier, TabularRegressor
    from backlit.tables.model import TableModel
    from backlit.tables.streaming import fit_stream
    from backlit.training.checkpoint import Checkpoint
    from backlit.training.csv_log import CSVLog
    from backlit.training.optuna_pruning import OptunaPruning
    from backlit.training.plots import plot_confusion, plot_history, plot_weights
    from backlit.training.rate_search import RateSearch
    from backlit.training.recording import Recorder
    from backlit.training.stopping import EarlyStopping

# Public names are imported when they are first used, so that `backlit --help` need not wait for scikit-learn.
_HOMES = {
    "BacklitError": "backlit.errors",
    "Backpass": "backlit.core.backpropagation",
    "CSVLog": "backlit.training.csv_log",
    "Checkpoint": "backlit.training.checkpoint",
    "ColumnChoices": "backlit.data.columns",
    "CustomActivation": "backlit.core.custom",
    "CustomLoss": "backlit.core.custom",
    "DemonRanking": "backlit.explanation.demon.ranking",
    "DemonReport": "backlit.explanation.demon.report",
    "Diagnosis": "backlit.explanation.diagnosis.diagnosis",
    "DistributedTrainer": "backlit.distributed.trainer",
    "Dropout": "backlit.core.dropout",
    "EarlyStopping": "backlit.training.stopping",
    "Exercise": "backlit.explanation.exercise",
    "Explanation": "backlit.explanation.explanation",
    "GradientReport": "backlit.core.gradient_report",
    "HiddenLayerTransformer": "backlit.estimators.hidden_layers",
    "Huber": "backlit.core.residual_losses",
    "Lab": "backlit.lab.widget",
    "MLPClassifier": "backlit.estimators.classifier",
    "MLPRegressor": "backlit.estimators.regressor",
    "Network": "backlit.core.network",
    "OptunaPruning": "backlit.training.optuna_pruning",
    "Penalty": "backlit.core.penalty",
    "Predictor": "backlit.engine.predictor",
    "Quantile": "backlit.core.residual_losses",
    "RateSearch": "backlit.training.rate_search",
    "Recorder": "backlit.training.recording",
    "TRUSTED_TYPES": "backlit.estimators.trusted_types",
    "TableEncoder": "backlit.data.encoder",
    "TableModel": "backlit.tables.model",
    "TableSchema": "backlit.data.columns",
    "TabularClassifier": "backlit.tables.estimators",
    "TabularRegressor": "backlit.tables.estimators",
    "backpropagate": "backlit.core.backpropagation",
    "check_gradient": "backlit.core.gradient_check",
    "demon": "backlit.explanation.demon.demon",
    "diagnose": "backlit.explanation.diagnosis.diagnose",
    "explain": "backlit.explanation.explanation",
    "find_learning_rate": "backlit.estimators.rate_finder",
    "from_keras": "backlit.estimators.importing",
    "from_onnx": "backlit.estimators.importing",
    "from_sklearn": "backlit.estimators.importing",
    "from_state_dict": "backlit.estimators.importing",
    "fit_many": "backlit.estimators.side_by_side",
    "fit_stream": "backlit.tables.streaming",
    "get_engine": "backlit.engine",
    "grade": "backlit.grading.grade",
    "load_network": "backlit.persistence.model_file",
    "plot_confusion": "backlit.training.plots",
    "plot_history": "backlit.training.plots",
    "plot_weights": "backlit.training.plots",
    "read_table": "backlit.data.readers",
    "save_network": "backlit.persistence.model_file",
    "to_c": "backlit.export.c",
    "to_onnx": "backlit.export.onnx",
}

__all__ = [
    "TRUSTED_TYPES",
    "BacklitError",
    "Backpass",
    "CSVLog",
    "Checkpoint",
    "ColumnChoices",
    "CustomActivation",
    "CustomLoss",
    "DemonRanking",
    "DemonReport",
    "Diagnosis",
    "DistributedTrainer",
    "Dropout",
    "EarlyStopping",
    "Exercise",
    "Explanation",
    "GradientReport",
    "HiddenLayerTransformer",
    "Huber",
    "Lab",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "OptunaPruning",
    "Penalty",
    "Predictor",
    "Quantile",
    "RateSearch",
    "Recorder",
    "TableEncoder",
    "TableModel",
    "TableSchema",
    "TabularClassifier",
    "TabularRegressor",
    "__version__",
    "backpropagate",
    "check_gradient",
    "demon",
    "diagnose",
    "explain",
    "find_learning_rate",
    "fit_many",
    "fit_stream",
    "from_keras",
    "from_onnx",
    "from_sklearn",
    "from_state_dict",
    "get_engine",
    "grade",
    "load_network",
    "plot_confusion",
    "plot_history",
    "plot_weights",
    "read_table",
    "save_network",
    "to_c",
    "to_onnx",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'backlit' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
