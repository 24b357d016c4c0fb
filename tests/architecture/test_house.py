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


def test_fast_math_is_banned():
    for path in [ROOT / "CMakeLists.txt", ROOT / "pyproject.toml", *(ROOT / "native").iterdir()]:
        lines = path.read_text().splitlines()
        assert not any("-ffast-math" in line and "Not -ffast-math" not in line for line in lines), path


def test_every_source_file_has_its_test():
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests").rglob("test_*.py")}
    for path in SOURCE.rglob("*.py"):
        if path.stem == "__init__":
            continue
        assert path.stem in tested | TESTED_TOGETHER.keys(), f"{path.relative_to(SOURCE)} has no test of its name"


# source file → the test file that covers it
TESTED_TOGETHER = {
    "__main__": "test_app",
    "check": "test_looking",
    "child": "test_sandbox",
    "colors": "test_explanation",
    "columns": "test_demon",
    "container": "test_model_file",
    "demon_plot": "test_demon",
    "demon_ranking": "test_demon",
    "demon_report": "test_demon",
    "diagnose": "test_looking",
    "differences": "test_difference_quotients",
    "document": "test_render",
    "errors": "everywhere",
    "evaluate": "test_app",
    "evidence": "test_diagnosis",
    "explain": "test_app",
    "export": "test_export_command",
    "findings": "test_diagnosis",
    "formulas": "test_text",
    "gradient_report": "test_gradient_check",
    "isolation": "test_sandbox",
    "landlock": "test_walls",
    "latex_maths": "test_render",
    "layer_rules": "test_diagnosis",
    "layout": "test_text",
    "libc": "test_walls",
    "likelihood_losses": "test_losses",
    "limits": "test_sandbox",
    "mathml": "test_render",
    "maths": "test_text",
    "messages": "test_wire",
    "model_document": "test_model_file",
    "notation": "test_text",
    "onnx_encoder": "test_onnx_export",
    "onnx_graph": "test_onnx_network",
    "onnx_heads": "test_onnx_export",
    "options": "test_app",
    "output": "test_app",
    "outputs": "test_submission",
    "parameter_docs": "test_base",
    "predict": "test_app",
    "problem": "test_looking",
    "process": "test_sandbox",
    "processes": "test_sandbox",
    "program": "test_sandbox",
    "protocol": "test_native",
    "provenance": "test_trace",
    "recipe": "test_submission",
    "reference": "test_native",
    "render_html": "test_render",
    "render_latex": "test_render",
    "render_markdown": "test_render",
    "render_text": "test_text",
    "report_gradescope": "test_reports",
    "report_junit": "test_reports",
    "report_text": "test_reports",
    "seccomp": "test_walls",
    "selection": "test_text",
    "slopes": "test_custom",
    "start": "test_initial_network",
    "state": "test_grade",
    "steps": "test_grade",
    "stepwise": "test_grade",
    "story": "test_text",
    "story_backward": "test_text",
    "story_batch": "test_text",
    "story_forward": "test_text",
    "student": "test_live",
    "table_results": "test_table_model",
    "table_rows": "test_table_model",
    "table_storage": "test_table_model",
    "table_start": "test_table_model",
    "table_training": "test_table_model",
    "tables": "test_app",
    "trace_examples": "test_trace",
    "train": "test_app",
    "training_rules": "test_diagnosis",
    "tree": "test_trace",
    "trials": "test_equations",
    "verdict": "test_grade",
    "version": "test_app",
    "views": "test_onnx_export",
    "whole": "test_grade",
    "worksheet": "test_render",
    "wrong_functions": "test_algorithm",
}
