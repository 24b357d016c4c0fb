"""The ranges of the constructors' parameters."""

import numpy as np
import pytest

from backlit import MLPClassifier, MLPRegressor
from every import every

X, Y = np.random.default_rng(0).standard_normal((30, 3)), np.arange(30) % 2


@every(("name", "value"), [
        ("activation", "rele"), ("solver", "newton"), ("alpha", -1), ("batch_size", 0), ("batch_size", "all"),
        ("learning_rate", "fast"), ("learning_rate", 0.1), ("learning_rate_init", 0), ("power_t", -1), ("max_iter", 0),
        ("shuffle", 2), ("random_state", -1), ("random_state", "x"), ("tol", -1), ("warm_start", "no"),
        ("momentum", 1.1), ("nesterovs_momentum", 3), ("validation_fraction", 1), ("beta_1", 1), ("beta_2", -0.1),
        ("epsilon", 0), ("n_iter_no_change", 0), ("n_iter_no_change", 1.5), ("max_fun", 0), ("loss", "hinge"),
        ("output_activation", "sigmod"), ("l2", -1), ("l1", -1), ("engine", "gpu"), ("n_threads", 0),
        ("dtype", "float16"), ("dtype", int), ("callbacks", print), ("hidden_layer_sizes", "100"),
        ("hidden_layer_sizes", None), ("hidden_layer_sizes", 3.5), ("hidden_layer_sizes", (3.5,)),
    ])  # fmt: skip
@every("cls", [MLPClassifier, MLPRegressor])
def test_parameters_out_of_range_are_refused(cls, name, value):
    with pytest.raises(ValueError, match=rf"'{name}' parameter of {cls.__name__}|positive whole number|must be >"):
        cls(**{name: value}).fit(X, Y)
