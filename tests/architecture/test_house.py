"""What holds for the whole tree: sizes of files, tests that mirror the source, and what equations are tagged."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "backlit"


def test_equations_are_found_in_both_languages():
    # a stranger who searches for an equation must find its code in either language
    for equation, python, cpp in [
        ("BP1", "core/backpropagation.py", "equations.hpp"),
        ("BP2", "core/backpropagation.py", "equations.hpp"),
        ("BP3", "core/backpropagation.py", "equations.hpp"),
        ("BP4", "core/backpropagation.py", "equations.hpp"),
    ]:
        assert re.search(rf'"""{equation}: ', (SOURCE / python).read_text()), equation
        assert re.search(rf"^// {equation}: ", (ROOT / "native" / cpp).read_text(), re.MULTILINE), equation


def test_equations_page_is_up_to_date():
    subprocess.run([sys.executable, ROOT / "docs" / "build.py", "--check"], check=True)


def test_no_path_of_a_machine_is_in_the_tree():
    for path in [*SOURCE.rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "Makefile"]:
        assert not re.search(r"/(work|root|home)/", path.read_text()), path


def test_ci_runs_the_words_of_contributors():
    # an empty script would pass without a test run
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert {"set -euo pipefail", "beside check make check", "make test"} <= set(lines)


def test_fast_math_is_banned():
    for path in [ROOT / "CMakeLists.txt", ROOT / "pyproject.toml", *(ROOT / "native").iterdir()]:
        lines = path.read_text().splitlines()
        assert not any("-ffast-math" in line and "Not -ffast-math" not in line for line in lines), path


def test_private_names_of_scikit_learn_stand_in_one_file():
    private = re.compile(
        r"^\s*(from sklearn\S*\._|from sklearn\S* import .*\b_[a-z]|import sklearn\S*\._)", re.MULTILINE
    )
    found = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if private.search(path.read_text())}
    assert found == {"estimators/scikit_learn.py"}


def lengths() -> dict[str, int]:
    """The lines of every source file, by its path in src/backlit or native."""
    files = {path.relative_to(SOURCE).as_posix(): path for path in SOURCE.rglob("*.py")}
    files |= {f"native/{path.name}": path for path in (ROOT / "native").glob("*.[ch]pp")}
    return {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in files.items()}


def test_no_file_is_too_long():
    too_long = {name: n for name, n in lengths().items() if n > LONGEST}
    assert not too_long, f"cut these by their ideas; {LONGEST} lines are the most: {too_long}"


def test_small_files_are_ideas_of_their_own():
    small = {name for name, n in lengths().items() if n < SMALL and not name.endswith("__init__.py")}
    assert small <= SMALL_FILES, f"a helper of one neighbor belongs into it: {sorted(small - SMALL_FILES)}"
    assert lengths().keys() >= SMALL_FILES


LONGEST, SMALL = 300, 60

# the only files of less than 60 lines, besides those that show a room
SMALL_FILES = {
    "__main__.py",
    "cli/diagnose.py",
    "cli/export.py",
    "core/input_scales.py",
    "distributed/__main__.py",
    "distributed/shares.py",
    "distributed/timing.py",
    "core/layer_rates.py",
    "core/namespace.py",
    "data/stream/random_bits.py",
    "engine/checks.py",
    "engine/opening.py",
    "engine/picked.py",
    "engine/predictor.py",
    "estimators/scikit_learn.py",
    "estimators/trusted_types.py",
    "native/dropout.hpp",
    "native/embedding.hpp",
    "native/input_scales.hpp",
    "native/matrices.hpp",
    "native/names.hpp",
    "native/one_pass.hpp",
    "native/parametric.hpp",
    "native/shared_members.hpp",
    "native/sharing.hpp",
    "native/subnormals.hpp",
    "lab/step/check.py",
    "lab/choices.py",
    "lab/served/page.py",
    "lab/take_away/spreadsheet.py",
    "persistence/locks.py",
    "data/categories.py",
    "documents/addresses.py",
    "data/formats/json_lines.py",
    "grading/judge/evidence.py",
    "grading/judge/scoring.py",
    "grading/reading/forms/registry.py",
    "grading/reading/kept.py",
    "grading/reading/unrecognized.py",
    "grading/sandbox/libc.py",
    "grading/sandbox/limits.py",
    "tables/rate_finder.py",
}


def test_every_source_file_has_its_test():
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests").rglob("test_*.py")}
    for path in SOURCE.rglob("*.py"):
        if path.stem == "__init__":
            continue
        assert path.stem in tested | TESTED_TOGETHER.keys(), f"{path.relative_to(SOURCE)} has no test of its name"
    assert TESTED_TOGETHER.keys() <= {path.stem for path in SOURCE.rglob("*.py")}
    assert {name.removeprefix("test_") for name in TESTED_TOGETHER.values()} <= tested | {"everywhere"}


# source file → the test file that covers it
TESTED_TOGETHER = {
    "__main__": "test_app",
    "affine_functions": "test_forms",
    "agreement": "test_formula",
    "all_tallies": "test_first_pass",
    "arff": "test_table_file",
    "arrays": "test_readers",
    "averaging": "test_rank",
    "backward": "test_text",
    "boundary": "test_pictures",
    "builtin": "test_commands",
    "by_share": "test_rank",
    "cache": "test_streaming",
    "category_plan": "test_plans",
    "cells": "test_decide",
    "check": "test_looking",
    "child": "test_sandbox",
    "checks": "test_native",
    "choices": "test_decide",
    "classes": "test_target",
    "code": "test_exports",
    "column": "test_schema",
    "container": "test_model_file",
    "counted": "test_decide",
    "dataset": "test_commands",
    "date_plan": "test_plans",
    "deeds": "test_history",
    "demons": "test_pictures",
    "diagnose": "test_looking",
    "differences": "test_difference_quotients",
    "different": "test_sketch",
    "document": "test_render",
    "durations": "test_dates",
    "embedded": "test_embedding",
    "embedded_network": "test_embedding",
    "encoding": "test_encoder",
    "encodings": "test_delimited",
    "epochs": "test_playing",
    "errors": "everywhere",
    "estimator_base": "test_estimators",
    "evaluate": "test_app",
    "evidence": "test_diagnosis",
    "examined": "test_table_model",
    "examples": "test_step",
    "explain": "test_app",
    "export": "test_export_command",
    "features": "test_encoder",
    "file_bytes": "test_readers",
    "flat": "test_rank",
    "form": "test_forms",
    "formulas": "test_text",
    "forward": "test_text",
    "functions": "test_onnx_network",
    "further_calls": "test_seen",
    "gaps": "test_decide",
    "glance": "test_decide",
    "going_on": "test_stochastic",
    "gradient_report": "test_gradient_check",
    "graph": "test_onnx_network",
    "heads": "test_onnx",
    "html": "test_render",
    "isolation": "test_sandbox",
    "json_lines": "test_table_file",
    "kept": "test_submission",
    "lab": "test_lab_command",
    "landlock": "test_walls",
    "latex": "test_render",
    "latex_maths": "test_render",
    "launched": "test_torchrun",
    "layer_objects": "test_forms",
    "layer_rules": "test_diagnosis",
    "layout": "test_text",
    "leaks": "test_inspection",
    "left_out_rows": "test_decide",
    "libc": "test_walls",
    "likelihood_losses": "test_losses",
    "limits": "test_sandbox",
    "lines": "test_delimited",
    "markdown": "test_render",
    "mathml": "test_render",
    "maths": "test_text",
    "memory": "test_streaming",
    "messages": "test_wire",
    "model": "test_table_model",
    "model_document": "test_model_file",
    "moves": "test_demon",
    "native_arrays": "test_native",
    "network_with_examples": "test_looking",
    "number_plans": "test_plans",
    "objects": "test_frames",
    "one_pass": "test_algorithm",
    "open_labs": "test_server",
    "opening": "test_members",
    "option_fields": "test_app",
    "options": "test_app",
    "origins": "test_formula",
    "output": "test_app",
    "one_run": "test_table_model",
    "own_steps": "test_evidence",
    "phases": "test_commands",
    "picture": "test_demon",
    "packing": "test_records",
    "pieces": "test_first_pass",
    "plain_text": "test_text",
    "platforms": "test_reports",
    "predict": "test_app",
    "preset_lines": "test_presets",
    "process": "test_sandbox",
    "process_table": "test_sandbox",
    "program": "test_sandbox",
    "progress": "test_demo",
    "protocol": "test_native",
    "provenance": "test_step",
    "random_bits": "test_streaming",
    "ranking": "test_demon",
    "rate_search": "test_rate_finder",
    "ray_cluster": "test_trainer",
    "reading": "test_app",
    "reading_for_models": "test_app",
    "recipe": "test_submission",
    "reference": "test_native",
    "registry": "test_forms",
    "replies": "test_lab_wire",
    "report": "test_demon",
    "results": "test_table_model",
    "row_file": "test_windows",
    "rows": "test_table_model",
    "run": "test_stochastic",
    "sandboxed_student": "test_sandbox",
    "scalar_graph": "test_forms",
    "scikit_learn": "test_house",
    "seccomp": "test_walls",
    "selection": "test_text",
    "separators": "test_delimited",
    "session": "test_playing",
    "shares": "test_rank",
    "shared_steps": "test_shared_members",
    "side_effects": "test_grade",
    "slopes": "test_custom",
    "sources": "test_commands",
    "spreadsheet": "test_exports",
    "start": "test_table_model",
    "stepping": "test_rank",
    "statistics": "test_plans",
    "storage": "test_table_model",
    "stored_model": "test_model_file",
    "story": "test_text",
    "spill": "test_streaming",
    "stream_cache": "test_streaming",
    "stream_request": "test_streaming",
    "stream_rows": "test_streaming",
    "stream_start": "test_streaming",
    "student": "test_live_student",
    "summands": "test_formula",
    "svmlight": "test_table_file",
    "tallies": "test_first_pass",
    "table_stream": "test_first_pass",
    "tally": "test_decide",
    "tables": "test_server",
    "tell": "test_text",
    "text_pieces": "test_first_pass",
    "timing": "test_rank",
    "torch_group": "test_torchrun",
    "train": "test_app",
    "train_parts": "test_table_model",
    "train_together": "test_torchrun",
    "training_rules": "test_diagnosis",
    "tree": "test_step",
    "trials": "test_equations",
    "tune": "test_tuning",
    "typed_pieces": "test_first_pass",
    "typescript": "test_lab_wire",
    "unrecognized": "test_grade",
    "update": "test_grade",
    "uploads": "test_server",
    "verdict": "test_grade",
    "viewing": "test_commands",
    "whole_pass": "test_grade",
    "workbook": "test_table_file",
    "worker": "test_trainer",
    "worksheet": "test_render",
    "written": "test_schema",
    "wrong_functions": "test_algorithm",
}
