"""`backlit lab`: one line on standard output, a page behind it, and a clean end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest

import backlit as bl
from backlit.cli.lab import _open
from backlit.errors import BacklitError
from backlit.lab.commands import act
from backlit.lab.talk.protocol import Open, UseTable


@contextmanager
def started(*arguments: str):
    command = [sys.executable, "-m", "backlit", "lab", "--no-browser", *arguments]
    env = os.environ | {"PYTHONUNBUFFERED": "1"}
    lab = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    try:
        yield lab, lab.stdout.readline().strip()
    finally:
        lab.kill()
        lab.wait()


def get(url: str, path: str, method: str = "GET", body: bytes | None = None):
    base, _, token = url.partition("/#token=")
    headers = {"X-Backlit-Token": token, "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(base + path, body, headers, method=method)) as answer:
        return answer.read()


def view(url: str):
    lab = json.loads(get(url, "/api/labs", "POST", b""))["lab"]
    return json.loads(get(url, f"/api/labs/{lab}/commands", "POST", b'{"id": 1, "command": "Look"}'))["reply"]


def test_it_prints_its_address_alone_and_ends_by_ctrl_c():
    with started() as (lab, url):
        assert b"page.js" in get(url, "/")
        assert view(url)["data"]["name"] == "xor"
        lab.send_signal(signal.SIGINT)
        out, err = lab.communicate(timeout=20)
    assert url.startswith("http://127.0.0.1:")
    assert out == ""
    assert lab.returncode == 0
    assert "Traceback" not in err


@pytest.mark.thorough
def test_it_opens_a_model_file(tmp_path):
    bl.save_network(tmp_path / "net.safetensors", bl.Network.initialize([3, 2], seed=1))
    with started(str(tmp_path / "net.safetensors")) as (_, url):
        assert view(url)["network"]["sizes"] == [3, 2]


def test_a_table_whose_last_column_cannot_be_learned_waits_for_another_target(tmp_path):
    (tmp_path / "a.csv").write_text("size,same\n1,5\n2,5\n3,5\n")
    state = _open(tmp_path / "a.csv")
    _, opened = act(state, Open())
    assert opened.waiting.name == "a.csv"
    assert [column.name for column in opened.waiting.columns] == ["size", "same"]
    assert "'same' is 5" in opened.view.notes[0]
    assert act(state, UseTable("size"))[1].data.n_rows == 3


def test_a_file_that_cannot_be_opened_is_said(tmp_path):
    (tmp_path / "a.exe").write_bytes(b"MZ")
    for name, words in [("absent.csv", "Cannot read"), ("a.exe", "The lab reads")]:
        with pytest.raises(BacklitError, match=words):
            _open(tmp_path / name)
