"""scikit-learn's perceptrons in the pipeline that most people build: one-hot, gaps filled, everything standardized.

They take no validation rows, so they get those of everybody to train on as well. With early stopping they set as
large a part aside by themselves.
"""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
from rows import Rows, text_columns
from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from contestants import Predict


def fit(train: Rows, validation: Rows, seed: int, n_threads: int, early_stopping: bool) -> Predict:
    threadpool_limits(n_threads)
    warnings.filterwarnings("ignore")  # that 200 epochs were not enough for it
    n_train, n_validation = len(train.table), len(validation.table)
    setting = {
        "random_state": seed,
        "early_stopping": early_stopping,
        "validation_fraction": n_validation / (n_train + n_validation),
    }
    texts = text_columns(train.inputs)
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), texts),
        (
            make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
            make_column_selector(dtype_include="number"),
        ),
    )
    if train.classes:
        model = make_pipeline(columns, MLPClassifier(**setting))
    else:
        model = TransformedTargetRegressor(
            make_pipeline(columns, MLPRegressor(**setting)), transformer=StandardScaler()
        )
    model.fit(pl.concat([train.inputs, validation.inputs]).to_pandas(), np.concatenate([train.y, validation.y]))
    answer = model.predict_proba if train.classes else model.predict
    return lambda inputs: answer(inputs.to_pandas())
