#!/usr/bin/env bash
# A blank before a comma in an ARFF header makes SciPy refuse the rows.
#
# One would guess: blanks around the listed classes do not count. A blank after a comma, or before the closing brace,
# indeed does not.
# What happens: of `{no , yes}` SciPy makes the classes "no " and "yes". The header is accepted; the first row that says
# `no` is refused: "no value not in ('no ', 'yes')", where the blank is easily overlooked. The rows themselves may have
# such blanks where they like.
# Why it matters: ARFF is the old format of tables with declared classes, many of its files were written by hand or with
# aligned columns, and other readers take them.
# Seen in: SciPy 1.17.1, comparing readers of ARFF. An older relative, the blank before the brace, was mended in SciPy
# (issue 12904).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/python" -m pip install -qq scipy==1.17.1 liac-arff==2.5.0 numpy==2.4.6
cd "$work"
"$work/python/bin/python" -W ignore - <<'PY'
import importlib.metadata
import io

import arff
import scipy
from scipy.io.arff import loadarff


def text(classes, row="1,no"):
    return f"@relation r\n@attribute size numeric\n@attribute grown {classes}\n@data\n{row}\n"


def scipy_says(*parts):
    try:
        rows, _ = loadarff(io.StringIO(text(*parts)))
    except ValueError as error:
        return str(error)
    return rows["grown"].tolist()


print("version:  scipy", scipy.__version__, "beside liac-arff", importlib.metadata.version("liac-arff"))
print("belief:   blanks around the classes of a header do not count")
print("behavior: a blank before a comma becomes part of the class")
found = {}
for classes in ("{no,yes}", "{no, yes}", "{ no,yes }", "{no ,yes}", "{ no , yes }"):
    found[classes] = scipy_says(classes)
    peer = arff.loads(text(classes))["data"]
    print(f"{classes:13} scipy: {found[classes]}; liac-arff: {peer}")
    assert peer == [[1.0, "no"]]
in_a_row = scipy_says("{no,yes}", "1 , no")
print("blanks in the row instead:", in_a_row)

fine, wrong = [b"no"], "no value not in ('no ', 'yes')"
assert list(found.values()) == [fine, fine, fine, wrong, wrong]
assert in_a_row == fine
PY
