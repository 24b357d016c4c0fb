"""Who takes part. Each file holds one contestant, or near relatives; the others need not be installed.

``fit(train, validation, seed, n_threads, **setting)`` is given `Rows` as a user has them and returns ``predict``, which
answers a polars frame of inputs with probabilities ``(n_rows, n_classes)``, or with numbers ``(n_rows,)``. Whatever
prepares the columns is part of the fit, and so of its time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl

Predict = Callable[[pl.DataFrame], np.ndarray]


@dataclass(frozen=True)
class Contestant:
    """One who takes part.

    Attributes
    ----------
    key : str
        Its name for ``--contestants``.
    title : str
        Its name in tables.
    module : str
        Where it is written.
    packages : tuple of str
        Whose versions are written down.
    setting : dict
        What `fit` is told beside.
    is_small : bool
        Takes seconds; whether it is part of ``--quick``.
    whole : str
        Of a recipe with one part left out, or one more: the key of the whole.
    task : str
        The only one that it makes a difference to; "" for both.
    """

    key: str
    title: str
    module: str
    packages: tuple[str, ...]
    setting: Mapping[str, Any] = field(default_factory=dict)
    is_small: bool = False
    whole: str = ""
    task: str = ""

    def load(self) -> ModuleType:
        return import_module(f"contestants.{self.module}")


# Parts of the preset "tabular": what is left out → the options that leave it out; and what it has not, but could. A
# table of its own has their gains.
PARTS: dict[str, Mapping[str, Any]] = {
    "bins": {"numbers": "scaled"},
    "bins-above": {"bins_above": 0},
    "beta-2": {"beta_2": 0.999},
    "schedule": {"schedule": "cosine"},
    "zero-output": {"zero_output": False},
    "scales": {"input_scales": 0.0},
    "dropout": {"dropout": 0.0},
    "smoothing": {"label_smoothing": 0.0},
    "activation": {"activation": "relu"},
    "alpha": {"parametric_activation": False},
    "clip": {"clip": False},
    "calibration": {"calibrate": False},
}
ADDED: dict[str, Mapping[str, Any]] = {
    "decay": {"solver": "adamw", "weight_decay": 0.3, "decay_schedule": "flat_cos"},
    "average": {"weight_average": 0.99},
    "parametric": {"parametric_activation": True},
    "embedding": {"embedding": "pbld"},
    "embedded-categories": {"embed_above": 8},
}
# Of "tabular-best", the same.
BEST_PARTS: dict[str, Mapping[str, Any]] = {
    "folds": {"folds": 1, "folds_all": False},
    "finer-bins": {"n_bins": 32},
    "alpha": {"parametric_activation": False},
}
BEST_ADDED: dict[str, Mapping[str, Any]] = {
    "decay": {"solver": "adamw", "weight_decay": 0.3, "decay_schedule": "flat_cos"},
    "embedding": {"embedding": "pbld"},
    "more-members": {"folds": 8, "members": 2},
}
OF_ONE_TASK = dict.fromkeys(("smoothing", "calibration", "alpha"), "classification")
OF_ONE_TASK |= dict.fromkeys(("clip", "parametric"), "regression")
VARIANTS = [
    Contestant(
        f"{preset}-{how}-{part}",
        f"{preset} {how} {part}",
        "ours",
        ("backlit",),
        {"preset": preset, "folds_all": preset == "tabular-best"} | options,
        whole=preset,
        task=OF_ONE_TASK.get(part, ""),
    )
    for preset, how, parts in (
        ("tabular", "without", PARTS),
        ("tabular", "with", ADDED),
        ("tabular-best", "without", BEST_PARTS),
        ("tabular-best", "with", BEST_ADDED),
    )
    for part, options in parts.items()
]

CONTESTANTS = {
    contestant.key: contestant
    for contestant in [
        # the setting is of `TableTraining`
        Contestant("backlit", "backlit, plain", "ours", ("backlit",), is_small=True),
        Contestant("tabular", "backlit, tabular", "ours", ("backlit",), {"preset": "tabular"}, is_small=True),
        Contestant(
            "tabular-best",
            "backlit, tabular-best",
            "ours",
            ("backlit",),
            {"preset": "tabular-best", "folds_all": True},
        ),
        *VARIANTS,
        Contestant("sklearn-hgb", "HistGradientBoosting", "histogram_boosting", ("scikit-learn",), is_small=True),
        Contestant("lightgbm", "LightGBM", "light_gbm", ("lightgbm",), {"n_estimators": 1000}, is_small=True),
        Contestant("lightgbm-100", "LightGBM, 100 rounds", "light_gbm", ("lightgbm",), {"n_estimators": 100}),
        Contestant(
            "lightgbm-folds",
            "LightGBM, mean over 8 folds",
            "light_gbm",
            ("lightgbm", "scikit-learn"),
            {"n_estimators": 1000, "n_folds": 8},
        ),
        Contestant("xgboost", "XGBoost", "xg_boost", ("xgboost",)),
        Contestant("catboost", "CatBoost", "cat_boost", ("catboost",)),
        Contestant(
            "sklearn-mlp", "scikit-learn MLP", "scikit_learn", ("scikit-learn",), {"early_stopping": True}, True
        ),
        Contestant(
            "sklearn-mlp-whole",
            "scikit-learn MLP, no stopping",
            "scikit_learn",
            ("scikit-learn",),
            {"early_stopping": False},
        ),
        Contestant("realmlp-td-s", "RealMLP-TD-S", "pytab_kit", ("pytabkit", "torch"), {"model": "RealMLP_TD_S"}),
        Contestant("realmlp-td", "RealMLP-TD", "pytab_kit", ("pytabkit", "torch"), {"model": "RealMLP_TD"}),
        Contestant("tabm", "TabM", "pytab_kit", ("pytabkit", "torch"), {"model": "TabM_D"}),
    ]
}
