"""The table of a course: a row each, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import pytest

from backlit.grading.course.submissions import Submission
from backlit.grading.course.workers import Result
from backlit.grading.judge.verdict import Finding, Score, Verdict
from backlit.grading.reports.course_table import COLUMNS, render_course_json, render_csv

FINDING = Finding("BP2", 2, "δ^2_1", 0.25, math.nan, "sign", 'Look; at\n=it, "or" +that.', 12)
FAIL = Verdict("fail", (FINDING,), (Score("BP1", 2, 2, 9), Score("BP2", 0, 1.5, 4, "wrong")), ())
ERROR = Verdict("error", (), (), (), ("=HYPERLINK(1)",))
RESULTS = [
    Result(Submission("Lê Anh", Path("a/x.py")), FAIL, 1.26),
    Result(Submission("@cmd", None), ERROR),
]


def rows():
    text = render_csv(RESULTS).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_for_each():
    assert render_csv(RESULTS).startswith(b"\xef\xbb\xbf")  # without it, spreadsheets take UTF-8 for something else
    first, second = rows()
    assert tuple(first) == COLUMNS
    assert (first["student"], first["verdict"], first["points"], first["possible"]) == ("Lê Anh", "fail", "2", "3.5")
    assert (first["BP1"], first["BP2"], first["BP3"], first["begin_with"], first["line"]) == ("2", "0", "", "BP2", "12")
    assert (second["verdict"], second["points"], second["file"], second["BP1"]) == ("error", "0", "", "")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_what_would_be_a_formula_is_not(sign):
    text = render_csv([Result(Submission(f"{sign}1", None), ERROR)]).decode()
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert row[0] == f"'{sign}1"


def test_formulas_within_a_cell_where_semicolons_part_cells():
    assert rows()[0]["message"] == 'Look; at\n\'=it, "or" +that.'
    assert rows()[1]["notes"] == "'=HYPERLINK(1)"


def test_json_holds_everything():
    first = json.loads(render_course_json(RESULTS))["submissions"][0]
    assert (first["student"], first["file"], first["findings"][0]["found"]) == ("Lê Anh", "a/x.py", "nan")
