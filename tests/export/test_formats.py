"""The list of formats: what is in it is complete, and nothing is imported before it is used."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

import backlit as bl
from backlit.export.exportable import exportable_of
from backlit.export.formats import DEFAULT, FORMATS, Exported, format_of


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_a_network(name):
    entry = FORMATS[name]
    exported = entry.export(exportable_of(bl.Network.initialize([3, 2], "sigmoid")))
    assert isinstance(exported, Exported)
    assert exported.content
    assert exported.summary
    assert format_of(entry.suffix) == format_of(entry.suffix.upper()) == name
    assert list(inspect.signature(importlib.import_module(entry.module).export).parameters) == ["exportable"]


def test_other_suffixes_mean_the_default():
    assert format_of(".bin") == format_of("") == DEFAULT


def test_the_list_is_light():
    code = "import sys, backlit.export.formats; print({'numpy', 'onnx'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
