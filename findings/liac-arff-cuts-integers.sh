#!/usr/bin/env bash
# liac-arff cuts 3.7 down to 3 in a column that its header calls integer; SciPy reads 3.7 from the same file.
#
# One would guess: ARFF's word "integer" is another word for "numeric", as in Weka and SciPy; or a number with a
# fraction in such a column is an error, as a nominal value that is not in the header's list is one.
# What happens: liac-arff takes int(float(value)): 3.7 is 3, -0.9 is 0, and a column of shares between 0 and 1 is all
# zeros. Nothing warns. Written by the same library 3.7 is still in the file, and it is cut each time the file is read.
# Why it matters: programs that write ARFF guess the type from the first rows, and many columns begin with whole
# numbers. A network then trains on other numbers than the one it is compared with.
# Seen in: liac-arff 2.5.0, against SciPy 1.17.1; scikit-learn 1.9.1 carries a copy of the same line.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq liac-arff==2.5.0 scipy==1.17.1 numpy==2.4.6
cd "$work"
"$work/python/bin/python" - <<'PY'
import io
from importlib.metadata import version

import arff
import numpy as np
from scipy.io import arff as scipy_arff

print("version:  liac-arff", version("liac-arff"), "with scipy", version("scipy"))
print("belief:   a number in a column of integers is read, or refused")
print("behavior: its fraction is cut off")
text = """@relation shops
@attribute open {yes, no}
@attribute share integer
@attribute change INTEGER
@attribute price real
@data
yes, 0, 2, 3.7
no, 0.85, -0.9, 3.7
yes, 0.99, 3.7, 3.7
"""
by_liac = np.array([row[1:] for row in arff.loads(text)["data"]], dtype=float)
records, _ = scipy_arff.loadarff(io.StringIO(text))
by_scipy = np.array([list(row)[1:] for row in records], dtype=float)
for name, numbers in (("liac-arff", by_liac), ("SciPy", by_scipy)):
    print(f"{name:9} {numbers.tolist()}")
assert by_liac.tolist() == [[0, 2, 3.7], [0, 0, 3.7], [0, 3, 3.7]]
assert by_scipy.tolist() == [[0, 2, 3.7], [0.85, -0.9, 3.7], [0.99, 3.7, 3.7]]
written = arff.dumps({"relation": "shops", "attributes": [("share", "INTEGER")], "data": [[0.85], [3.7]]})
again = arff.loads(written)["data"]
print("written by liac-arff:", written.split("@DATA")[1].split(), "and read again:", again)
assert "0.85" in written and again == [[0], [3]]
try:
    arff.loads(text.replace("yes, 0.99", "perhaps, 0.99"))
    raise AssertionError("a nominal value that is not in the list was taken")
except arff.BadNominalValue as error:
    print("a nominal value that is not in the list:", error)
PY
