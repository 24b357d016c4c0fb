#!/usr/bin/env bash
# scikit-learn trains on dates and durations as if they were plain numbers, in whatever unit they happen to have.
#
# One would guess: a column of dates, or a target of durations, is refused: neither is a number.
# What happens: it is accepted without a word and read as a count of seconds, microseconds or nanoseconds. Put one column
# of floats beside the dates and the same table is refused with NumPy's complaint on promotion. A duration as a target
# gives a linear regression whose predictions are bare floats, a million times larger for the same durations in another
# unit; MLPRegressor breaks off on the same target in the middle of a subtraction.
# Why it matters: the unit comes from whatever read or wrote the file, not from the table. A model trained on a file of
# one kind is off by a factor of a thousand, or a million, on the same rows in a file of another kind.
# Seen in: scikit-learn 1.9.1, asking peers what they say to a column of dates.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import warnings

import pandas as pd
import sklearn
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

warnings.simplefilter("error")  # so that "without a word" is checked too
print("version:  scikit-learn", sklearn.__version__, "with pandas", pd.__version__)
print("belief:   dates as a column, and durations as a target, are refused")
print("behavior: they are counts, in the unit that the array happens to have")

dates = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03"]))
means = {}
for unit in ("s", "ns"):
    means[unit] = StandardScaler().fit(dates.astype(f"datetime64[{unit}]").to_frame("day")).mean_.tolist()
    print(f"mean of three days in {unit}:", means[unit])
try:
    StandardScaler().fit(pd.DataFrame({"day": dates, "height": [1.0, 2.0, 3.0]}))
    beside = "accepted"
except TypeError as error:
    beside = type(error).__name__
print("the same days beside a column of floats:", beside)

times = [[1.0], [2.0], [3.0]]
minutes = pd.Series(pd.to_timedelta([10, 20, 30], unit="min"))
predicted = {}
for unit in ("s", "us"):
    target = minutes.astype(f"timedelta64[{unit}]")
    predicted[unit] = LinearRegression().fit(times, target).predict([[4.0]]).round(3).tolist()
    print(f"after 10, 20 and 30 minutes, held in {unit}, a line predicts:", predicted[unit])
try:
    MLPRegressor(max_iter=1).fit(times, minutes)
    network = "accepted"
except TypeError as error:
    network = f"{type(error).__name__}: {error}"
print("MLPRegressor on the same target:", network)

assert means == {"s": [1577923200.0], "ns": [1577923200.0e9]}
assert beside == "DTypePromotionError"
assert predicted == {"s": [2400.0], "us": [2400.0e6]}
assert "subtract" in network
PY
