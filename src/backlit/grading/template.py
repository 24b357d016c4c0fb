"""The file that a student starts from: `TEMPLATE`."""

from __future__ import annotations

from importlib import resources

TEMPLATE: str = resources.files("backlit.grading").joinpath("template.txt").read_text(encoding="utf-8")
"""A Python program with one function for each equation, to be filled in. As it is, it fails kindly."""
