#!/usr/bin/env bash
# feature-engine's CyclicalFeatures makes 23 o'clock and midnight one and the same, and Sunday and Monday too.
#
# One would guess: sine and cosine of the hour put 24 hours on a circle, an hour from each to the next, and what is
# learned from the data is how long a round is.
# What happens: a round is as long as the greatest value in the column. Hours count from 0 to 23, so a round is 23 hours:
# 0 and 23 get equal numbers, to the last digits. Weekdays of pandas and of the library's own DatetimeFeatures count
# from 0 to 6, and Monday is Sunday; minutes 0 and 59 are one. Months count from 1 to 12 and come out right. A table that
# has no night in it makes a round of what it has: with hours 8 to 18, 18 o'clock is at the place of hour 0.
# Why it matters: a network cannot tell the two apart, whatever it learns; a week's busiest and emptiest day get one
# answer, which is their mean. max_values={"hour": 24} is right, though 24 is not the greatest value of any hour.
# Seen in: feature-engine 1.9.4 with pandas 2.3.3; skrub 0.11.0 has 24 and 7 for the same columns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq feature-engine==1.9.4 skrub==0.11.0 scikit-learn==1.6.1 pandas==2.3.3 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import pandas as pd
from feature_engine.creation import CyclicalFeatures
from feature_engine.datetime import DatetimeFeatures
from skrub import DatetimeEncoder
from sklearn.neural_network import MLPRegressor

print("version:  feature-engine", version("feature-engine"), "beside skrub", version("skrub"))
print("belief:   each hour has a place of its own on the circle, and so has each day")
print("behavior: the last and the first share one")
rng = np.random.default_rng(0)
times = pd.DataFrame({"at": pd.date_range("2025-01-01", periods=24 * 7 * 52, freq="h")})
parts = DatetimeFeatures(features_to_extract=["hour", "day_of_week", "month"]).fit_transform(times)
circle = CyclicalFeatures(drop_original=True).fit(parts)
print("rounds that were learned:", circle.max_values_)
points = circle.transform(parts)
peer = DatetimeEncoder(periodic_encoding="circular", resolution="hour", add_weekday=True).fit_transform(times["at"])


def apart(frame, names, part, one, other):
    rows = frame[list(names)].to_numpy()
    first, second = (rows[(parts[part] == value).to_numpy()][0] for value in (one, other))
    return float(np.linalg.norm(first - second))


for part, one, other, alike in (("at_hour", 0, 23, True), ("at_day_of_week", 0, 6, True), ("at_month", 1, 12, False)):
    ours = apart(points, (f"{part}_sin", f"{part}_cos"), part, one, other)
    last = {"at_hour": "at_hour", "at_day_of_week": "at_weekday", "at_month": "at_month"}[part]
    others = apart(peer, [name for name in peer.columns if name.startswith(f"{last}_")], part, one, other)
    print(f"{part[3:]:11} {one} and {other:2} are {ours:.3f} apart, in skrub {others:.3f}")
    assert (ours < 1e-12) is alike and others > 0.2

visits = np.where(parts["at_day_of_week"] == 6, 0.0, 100.0) + rng.normal(size=len(parts))
told = {}
for name, days in {"learned": None, "{'at_day_of_week': 7}": {"at_day_of_week": 7}}.items():
    day = CyclicalFeatures(max_values=days, drop_original=True).fit(parts[["at_day_of_week"]])
    X = day.transform(parts[["at_day_of_week"]]).to_numpy()
    network = MLPRegressor((32,), solver="lbfgs", max_iter=500, random_state=0).fit(X, visits / 100)
    week = day.transform(pd.DataFrame({"at_day_of_week": range(7)})).to_numpy()
    told[name] = (network.predict(week) * 100).round().astype(int)
    print(f"visits Monday to Sunday, a round of {name}:", told[name])
wrong, right = told.values()
assert abs(wrong[0] - 50) < 8 and abs(wrong[6] - 50) < 8 and abs(right[0] - 100) < 8 and abs(right[6]) < 8
PY
