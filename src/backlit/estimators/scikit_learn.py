"""Every name of scikit-learn's that begins with an underscore, or stands in a module that does, and that we use.

They may change in any of its versions, and then change here: the rest of backlit imports them from this file.
"""

from __future__ import annotations

from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing as rows_of
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils._set_output import _wrap_data_with_container as wrapped_as_asked
from sklearn.utils.optimize import _check_optimize_result as warn_if_not_converged
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _check_y as check_y

__all__ = [
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "check_feature_names_in",
    "check_sample_weight",
    "check_y",
    "fit_context",
    "rows_of",
    "warn_if_not_converged",
    "wrapped_as_asked",
]
