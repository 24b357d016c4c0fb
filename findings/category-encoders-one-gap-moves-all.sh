#!/usr/bin/env bash
# In category_encoders' HashingEncoder one gap, even in another column, puts every row of the table into other places.
#
# One would guess: the place of a category depends on the category; that is what hashing is for, as there is nothing to
# be learned and nothing to be kept. A gap costs the row that has it.
# What happens: the encoder turns the chosen columns into one array and hashes the text of each cell. pandas keeps whole
# numbers as floats once there is a gap among them, and NumPy makes floats of all columns where one has floats: the
# postcode 1010 is then hashed as the text 1010.0. A single gap in one column moves all rows, in that column and in the
# others; so does a chunk of a file that has one where another has none. Nothing is said: each text has some place.
# Why it matters: the network is fed categories it has seen under other numbers. Postcodes, shop and article numbers are
# what hashing is for, as they are many. One row without a number, and a whole batch of answers is no better than a coin.
# Seen in: category_encoders 2.11.2 with pandas 2.3.3; its OrdinalEncoder and TargetEncoder keep the other rows.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq category_encoders==2.11.2 scikit-learn==1.6.1 pandas==2.3.3 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from category_encoders import HashingEncoder, OrdinalEncoder, TargetEncoder
from sklearn.neural_network import MLPClassifier

print("version:  category_encoders", version("category_encoders"), "with pandas", version("pandas"))
print("belief:   a gap costs the row that it is in")
print("behavior: it moves every row of the table")
rng = np.random.default_rng(0)
postcodes = rng.choice(np.arange(1010, 9990), size=40, replace=False)
good = rng.random(40) < 0.5
which = rng.integers(0, 40, 3000)
X = pd.DataFrame({"postcode": postcodes[which], "shop": rng.integers(1, 6, 3000)})
y = good[which] ^ (rng.random(3000) < 0.05)
train, test = X[:2000], X[2000:]
gap_in_shop, gap_in_postcode = test.copy(), test.copy()
gap_in_shop.loc[2000, "shop"] = None
gap_in_postcode.loc[2000, "postcode"] = None
tables = {"no gap": test, "a gap in shop": gap_in_shop, "a gap in postcode": gap_in_postcode}

for kind in (HashingEncoder, OrdinalEncoder, TargetEncoder):
    options = {"n_components": 512, "max_process": 1} if kind is HashingEncoder else {}
    encoder = kind(cols=["postcode", "shop"], **options).fit(train, y[:2000])
    network = MLPClassifier((32,), solver="lbfgs", max_iter=300, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(encoder.transform(train).to_numpy(float), y[:2000])
    clean = encoder.transform(test).to_numpy(float)[1:]
    for name, table in tables.items():
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            coded = encoder.transform(table).to_numpy(float)[1:]
        moved = np.mean((coded != clean).any(axis=1))
        score = network.score(coded, y[2001:])
        print(f"{kind.__name__:14} {name:17}: {moved:4.0%} of the other 999 rows are moved, accuracy {score:.2f}")
        assert not said
        if kind is HashingEncoder and name != "no gap":
            assert moved > 0.9 and score < 0.65
        else:
            assert moved == 0 and (kind is not HashingEncoder or score > 0.9)
PY
