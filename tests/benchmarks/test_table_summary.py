"""What the benchmark on tables keeps and prints: lines of results, means with standard errors, a place on the page."""

from __future__ import annotations

from records import Key, append, read_records
from summary import Before, sections

KEY = Key("letter", "lightgbm", 0, 2)


def line(
    contestant: str, seed: int, accuracy: float, wall: float, load: float = 0.0, n_threads: int = 2
) -> dict[str, object]:
    return {
        **Key("letter", contestant, seed, n_threads)._asdict(),
        "scores": {"accuracy": accuracy, "log_loss": 0.5},
        "fit": {"wall": wall, "cpu": 2 * wall},
        "predict": {"wall": 0.25, "cpu": 0.25},
        "peak_mib": 300.0,
        "load": [load, 0.0, 0.0],
        "date": "2026-11-29",
        "machine": "A processor",
        "versions": {contestant: "1.0"},
    }


def test_a_run_that_was_stopped_goes_on_from_what_is_whole(tmp_path):
    file = tmp_path / "results.jsonl"
    assert read_records(file) == {}
    append(file, line("lightgbm", 0, 0.9, 1.0))
    append(file, line("lightgbm", 1, 0.8, 1.0))
    file.write_text(file.read_text()[:-9])  # the second was cut short
    assert list(read_records(file)) == [KEY]
    append(file, line("lightgbm", 0, 0.7, 1.0))
    assert [record["scores"]["accuracy"] for record in read_records(file).values()] == [0.7]


def test_tables_have_means_and_standard_errors(tmp_path):
    lines = [line("lightgbm", seed, accuracy, 3.0) for seed, accuracy in enumerate([0.90, 0.92, 0.94])]
    lines += [line("backlit", 0, 0.95, 1.5, load=9.0), {**Key("letter", "tabm", 0, 2)._asdict(), "failed": "No room."}]
    for each in lines:
        append(tmp_path / "results.jsonl", each)
    found = {name: _cells(text) for name, text in sections(read_records(tmp_path / "results.jsonl")).items()}
    assert found["tables overview"][2:] == [
        ["**backlit, plain**", "0.9500"],
        # the deviation of the three is 0.02
        ["LightGBM", "0.9200 ± 0.0115"],
        ["TabM", "failed"],
    ]
    # the best first; ~: not a quiet machine
    assert found["tables sets"][2:] == [
        ["**backlit, plain**", "0.9500", "0.5000", "1", "~1.5", "~3.0", "~0.25", "300"],
        ["LightGBM", "0.9200 ± 0.0115", "0.5000 ± 0.0000", "3", "3.0", "6.0", "0.25", "300"],
    ]


def test_what_a_part_gains_is_told_of_the_seeds_that_both_have():
    whole = [line("tabular", seed, accuracy, 1.0) for seed, accuracy in enumerate([0.9, 0.8, 0.1])]
    without = [line("tabular-without-schedule", seed, acc, 1.0) for seed, acc in [(0, 0.88), (1, 0.75), (7, 0.1)]]
    found = sections({Key(*(each[name] for name in Key._fields)): each for each in whole + without})
    # 0.12 + 0.25 instead of 0.1 + 0.2
    assert _cells(found["tables parts"])[2:] == [["tabular without schedule", "+23.3 %"]]
    assert "without" not in found["tables overview"] + found["tables sets"]


def test_times_are_of_a_quiet_machine_and_of_the_most_threads_where_there_are_such():
    lines = [
        line("lightgbm", 0, 0.90, 8.0, load=9.0),
        line("lightgbm", 1, 0.92, 2.0),
        line("lightgbm", 2, 0.94, 3.0, n_threads=1),
        line("lightgbm", 3, 0.92, 40.0) | {"fit": {"wall": 40.0, "cpu": 20.0}},  # which waited for processors
        line("xgboost", 0, 0.80, 5.0, load=9.0),
        line("xgboost", 1, 0.82, 7.0, load=9.0),
    ]
    found = sections({Key(*(each[name] for name in Key._fields)): each for each in lines})
    assert [[row[0], *row[3:6]] for row in _cells(found["tables sets"])[2:]] == [
        ["LightGBM", "4", "2.0", "4.0"],
        ["XGBoost", "2", "~6.0", "~12.0"],
    ]


def test_what_earlier_runs_found_stands_until_there_are_lines():
    rest = ["1", "2.0", "2.0", "2.0", "300"]
    rows = {"LightGBM": ["0.9600 ± 0.0010", "0.1", *rest], "XGBoost": ["0.9700", "0.2", *rest]}
    before = Before("Elsewhere.", {"letter": rows, "adult": rows}, {"letter": {"tabular without schedule": "+1.0 %"}})
    now = line("lightgbm", 0, 0.965, 1.0)
    found = sections({Key(*(now[name] for name in Key._fields)): now}, before)
    assert _cells(found["tables overview"])[2:] == [
        ["LightGBM", "0.9600 ± 0.0010 †", "0.9650"],  # adult, letter
        ["XGBoost", "0.9700 †", "0.9700 †"],
    ]
    letter = found["tables sets"].split("\n\n")[1]
    assert [row[:2] for row in _cells(letter)[2:]] == [["XGBoost †", "0.9700"], ["LightGBM", "0.9650"]]
    assert _cells(found["tables parts"])[2:] == [["tabular without schedule", "+1.0 % †"]]
    assert found["tables machine"].endswith("†: found by earlier runs, whose lines are not kept: Elsewhere.")


def _cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines()]
